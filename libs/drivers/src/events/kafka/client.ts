import kafkajs, { type KafkaConfig, type LogEntry } from 'kafkajs'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import { patchTimes } from './client-times.ts'
import type { KafkaSettings } from './settings.ts'

/**
 * Creates a client for one consumer, producer or admin. It must not be shared: consumers of the same client and group
 * share a table of committed offsets, which each of them clears when it joins.
 */
export function newClient({ brokers, clientId, ssl, sasl, requestTimeout, log }: KafkaSettings): kafkajs.Kafka {
  patchClient()
  const config: KafkaConfig = {
    brokers: [...brokers],
    clientId,
    connectionTimeout: 5_000,
    requestTimeout,
    // All options, because if NODE_ENV is "test", the defaults differ from the documented ones.
    retry: {
      retries: 5,
      initialRetryTime: 100,
      maxRetryTime: 2_000,
      factor: 0.2,
      multiplier: 2,
      // kafkajs would restart a consumer even if it was stopped in the meantime. A subscription creates a new one
      // instead.
      restartOnFailure: async () => false,
    },
    logLevel: log ? kafkajs.logLevel.WARN : kafkajs.logLevel.NOTHING,
    logCreator: () => (entry) => isNoise(entry) || log?.(entry),
    ...(ssl !== undefined && { ssl }),
    ...(sasl !== undefined && { sasl }),
  }
  return new kafkajs.Kafka(config)
}

/**
 * Returns whether a warning is expected, or about a request that the client retries. Every start causes many of them.
 * If the retries do not help, the request fails and its caller reports the error.
 */
function isNoise({ log: { message, error } }: LogEntry): boolean {
  // The limit is intended: the producer is discarded after one failure (producer.ts).
  if (message === 'Limiting retries for the idempotent producer may invalidate EoS guarantees') return true
  return NOISE.some(([request, answer]) => message.startsWith(`Response ${request}(`) && error === answer)
}
const NOISE: readonly (readonly [request: string, answer: string])[] = [
  // From a broker that has just started, or has no group yet.
  ['GroupCoordinator', 'The group coordinator is not available'],
  ['InitProducerId', "The coordinator is loading and hence can't process requests for this group"],
  ['JoinGroup', "The coordinator is loading and hence can't process requests for this group"],
  // From topics that another process creates at the same time; admin.ts checks which of them exist.
  ['CreateTopics', 'Topic creation errors'],
]

let isPatched = false
function patchClient(): void {
  if (isPatched) return
  isPatched = true
  patchRequestQueue()
  patchTimes()
}

/**
 * Stops each connection from checking for pending requests a thousand times a second even if there are none, with a
 * negative timeout that makes Node print a warning: https://github.com/tulios/kafkajs/issues/1704,
 * https://github.com/tulios/kafkajs/issues/1751
 */
function patchRequestQueue(): void {
  const { scheduleCheckPendingRequests: schedule } = RequestQueue.prototype
  RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleIfAnyWait() {
    if (this.pending.length > 0) schedule.call(this)
  }
}
