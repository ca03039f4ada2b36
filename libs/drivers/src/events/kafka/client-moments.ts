import BrokerPool from 'kafkajs/src/cluster/brokerPool.js'
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import SocketRequest from 'kafkajs/src/network/requestQueue/socketRequest.js'

/**
 * Times that the client takes from the system clock and compares with it later. After the clock is set back, it would send
 * no heartbeat and time out no request until the clock has caught up; after it is set forward, it would time out every
 * request at once.
 */
const MOMENTS: readonly (readonly [of: { readonly prototype: object }, field: string])[] = [
  [ConsumerGroup, 'lastRequest'],
  [SocketRequest, 'sentAt'],
  [RequestQueue, 'throttledUntil'],
  [BrokerPool, 'metadataExpireAt'],
]

/** Has the client note them by the monotonic time: they move with the clock. */
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

/** Of the monotonic time. */
function clockAhead(): number {
  return Date.now() - performance.now()
}
