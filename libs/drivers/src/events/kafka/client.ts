import kafkajs, { type KafkaConfig, type LogEntry } from 'kafkajs'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import { mendMoments } from './client-moments.ts'
import type { Settings } from './settings.ts'

/**
 * A client for one consumer, producer or admin. Never shared: consumers of one client and group share a table of
 * committed offsets, which each of them clears when it joins.
 */
export function newClient({ brokers, clientId, ssl, sasl, requestTimeout, log }: Settings): kafkajs.Kafka {
  mendClient()
  const config: KafkaConfig = {
    brokers: [...brokers],
    clientId,
    connectionTimeout: 5_000,
    requestTimeout,
    // All of them: what is left out is other than documented where NODE_ENV is "test".
    retry: {
      retries: 5,
      initialRetryTime: 100,
      maxRetryTime: 2_000,
      factor: 0.2,
      multiplier: 2,
      // A consumer that kafkajs restarts by itself does so even when it has been stopped meanwhile: we make a new one.
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
 * Warnings of what is so by design or is tried again by the client itself: a start is full of them. Where trying again
 * does not help, the request fails, and whoever made it tells.
 */
function isNoise({ log: { message, error } }: LogEntry): boolean {
  // So few on purpose: after one failure the producer is thrown away (producer.ts).
  if (message === 'Limiting retries for the idempotent producer may invalidate EoS guarantees') return true
  return NOISE.some(([request, answer]) => message.startsWith(`Response ${request}(`) && error === answer)
}
const NOISE: readonly (readonly [request: string, answer: string])[] = [
  // Of a broker that has just been started, or has no group yet.
  ['GroupCoordinator', 'The group coordinator is not available'],
  ['InitProducerId', "The coordinator is loading and hence can't process requests for this group"],
  ['JoinGroup', "The coordinator is loading and hence can't process requests for this group"],
  // Of topics that another process makes at the same moment: looked at one by one (admin.ts).
  ['CreateTopics', 'Topic creation errors'],
]

let isMended = false
function mendClient(): void {
  if (isMended) return
  isMended = true
  mendRequestQueue()
  mendMoments()
}

/**
 * Each connection looks a thousand times a second for requests that wait, whether there are any or not, with a negative
 * time-out that Node warns of: https://github.com/tulios/kafkajs/issues/1704, https://github.com/tulios/kafkajs/issues/1751
 */
function mendRequestQueue(): void {
  const { scheduleCheckPendingRequests: schedule } = RequestQueue.prototype
  RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleIfAnyWait() {
    if (this.pending.length > 0) schedule.call(this)
  }
}
