import type { ConnectionOptions } from 'node:tls'
import type { LogEntry, SASLOptions } from 'kafkajs'

export interface KafkaBusOptions {
  /** `host:port` of some brokers of the cluster. */
  readonly brokers: readonly string[]
  /** Names this process in the brokers' logs and quotas. */
  readonly clientId: string
  readonly ssl?: ConnectionOptions | boolean
  readonly sasl?: SASLOptions
  /** Partitions of topics that `ensureTopics` creates; the maximum number of members that share them. Default: 12. */
  readonly partitions?: number
  /** Replication factor of topics that `ensureTopics` creates. Default: the default of the cluster. */
  readonly replication?: number
  /** How often an event that its handler rejects is delivered before it goes to the dead letters. Default: 5. */
  readonly deliveries?: number
  /** Milliseconds before the second delivery; doubled before each next one, up to 5 s. Default: 1,000. */
  readonly redeliverAfter?: number
  /**
   * Maximum size of an event with key and headers, in bytes. `max.message.bytes` of the topics must be larger.
   * Default: 900,000.
   */
  readonly maxEventBytes?: number
  /** Milliseconds after which `publish` and `subscribe` fail. Default: 30,000. */
  readonly timeout?: number
  /** Milliseconds that `close` waits for running handlers. Default: 10,000. */
  readonly closeTimeout?: number
  /** Milliseconds without a heartbeat after which a member loses its partitions to the others. Default: 30,000. */
  readonly sessionTimeout?: number
  /** Milliseconds between heartbeats. A member may learn of a reassignment this late. Default: 1,000. */
  readonly heartbeatInterval?: number
  /** Maximum milliseconds that a fetch waits for events. Default: 250. */
  readonly fetchWait?: number
  /** Milliseconds between offset commits. Default: 200. */
  readonly commitInterval?: number
  /** Timeout of one request, in milliseconds. Default: 10,000. */
  readonly requestTimeout?: number
  /** Receives the warnings of the Kafka client. */
  readonly log?: (entry: LogEntry) => void
}

type Optional = 'ssl' | 'sasl' | 'log'
export type KafkaSettings = Required<Omit<KafkaBusOptions, Optional>> & Pick<KafkaBusOptions, Optional>

export function settingsOf(options: KafkaBusOptions): KafkaSettings {
  return { ...DEFAULTS, ...options }
}

const DEFAULTS = {
  partitions: 12,
  replication: -1,
  deliveries: 5,
  redeliverAfter: 1_000,
  maxEventBytes: 900_000,
  timeout: 30_000,
  closeTimeout: 10_000,
  sessionTimeout: 30_000,
  heartbeatInterval: 1_000,
  fetchWait: 250,
  commitInterval: 200,
  requestTimeout: 10_000,
}
