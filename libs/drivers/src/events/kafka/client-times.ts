import BrokerPool from 'kafkajs/src/cluster/brokerPool.js'
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import SocketRequest from 'kafkajs/src/network/requestQueue/socketRequest.js'

/**
 * Fields where the client stores times of the system clock, to compare them with the clock later. If the clock is set
 * back, the client would send no heartbeats and time out no requests until the clock has caught up. If it is set
 * forward, all requests would time out at once.
 */
const TIME_FIELDS: readonly (readonly [of: { readonly prototype: object }, field: string])[] = [
  [ConsumerGroup, 'lastRequest'],
  [SocketRequest, 'sentAt'],
  [RequestQueue, 'throttledUntil'],
  [BrokerPool, 'metadataExpireAt'],
]

/** Makes the client store these times relative to the monotonic clock, so that they move with the system clock. */
export function patchTimes(): void {
  for (const [{ prototype }, field] of TIME_FIELDS) {
    const stored = new WeakMap<object, unknown>()
    Object.defineProperty(prototype, field, {
      configurable: true,
      get(this: object) {
        const moment = stored.get(this)
        return typeof moment === 'number' ? moment + clockOffset() : moment
      },
      set(this: object, moment: unknown) {
        stored.set(this, typeof moment === 'number' ? moment - clockOffset() : moment)
      },
    })
  }
}

/** Returns how far the system clock is ahead of the monotonic clock, in milliseconds. */
function clockOffset(): number {
  return Date.now() - performance.now()
}
