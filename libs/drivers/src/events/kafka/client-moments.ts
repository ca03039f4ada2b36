import BrokerPool from 'kafkajs/src/cluster/brokerPool.js'
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import SocketRequest from 'kafkajs/src/network/requestQueue/socketRequest.js'

/**
 * Fields where the client stores times of the system clock, to compare them with the clock later. If the clock is set
 * back, the client would send no heartbeats and time out no requests until the clock has caught up. If it is set
 * forward, all requests would time out at once.
 */
const MOMENTS: readonly (readonly [of: { readonly prototype: object }, field: string])[] = [
  [ConsumerGroup, 'lastRequest'],
  [SocketRequest, 'sentAt'],
  [RequestQueue, 'throttledUntil'],
  [BrokerPool, 'metadataExpireAt'],
]

/** Makes the client store these times relative to the monotonic clock, so that they move with the system clock. */
export function mendMoments(): void {
  for (const [{ prototype }, field] of MOMENTS) {
    const noted = new WeakMap<object, unknown>()
    Object.defineProperty(prototype, field, {
      configurable: true,
      get(this: object) {
        const moment = noted.get(this)
        return typeof moment === 'number' ? moment + clockAhead() : moment
      },
      set(this: object, moment: unknown) {
        noted.set(this, typeof moment === 'number' ? moment - clockAhead() : moment)
      },
    })
  }
}

/** Returns how far the system clock is ahead of the monotonic clock, in milliseconds. */
function clockAhead(): number {
  return Date.now() - performance.now()
}
