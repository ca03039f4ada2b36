import type { ConnectionOptions } from 'node:tls'
import type { LogEntry, SASLOptions } from 'kafkajs'

export interface KafkaBusOptions {
  /** `host:port`; some of the cluster's are enough. */
  readonly brokers: readonly string[]
  /** Names this process in the brokers' logs and quotas. */
  readonly clientId: string
  readonly ssl?: ConnectionOptions | boolean
  readonly sasl?: SASLOptions
  /** Of topics that `ensureTopics` creates. As many members of a group as this can share the work. Default: 12. */
  readonly partitions?: number
  /** Of topics that `ensureTopics` creates. Default: the cluster's own. */
  readonly replication?: number
  /** How often an event that its handler rejects is delivered before it goes to the dead letters. Default: 5. */
  readonly deliveries?: number
  /** Milliseconds before the second delivery; doubled before each next one, up to 5 s. Default: 1,000. */
  readonly redeliverAfter?: number
  /** The largest event, in bytes with key and headers. The topics' `max.message.bytes` must be larger. Default: 900 kB. */
  readonly maxEventBytes?: number
  /** Milliseconds that `publish` and `subscribe` try for. Default: 30 s. */
  readonly timeout?: number
  /** Milliseconds that `close` waits for handlers at work. Default: 10 s. */
  readonly closeTimeout?: number
  /** Milliseconds without a heartbeat after which a member's events go to the others. Default: 30 s. */
  readonly sessionTimeout?: number
  /** Milliseconds between heartbeats, which is also how late a member hears of a reassignment. Default: 1 s. */
  readonly heartbeatInterval?: number
  /** The longest a fetch waits for events, in milliseconds. Default: 250. */
  readonly fetchWait?: number
  /** Milliseconds between commits of what is handled. Default: 200. */
  readonly commitInterval?: number
  /** For the answer to one request, in milliseconds. Default: 10 s. */
  readonly requestTimeout?: number
  /** Hears the warnings of the Kafka client. */
  readonly log?: (entry: LogEntry) => void
}

type Optional = 'ssl' | 'sasl' | 'log'
export type Settings = Required<Omit<KafkaBusOptions, Optional>> & Pick<KafkaBusOptions, Optional>

export function settingsOf(options: KafkaBusOptions): Settings {
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
