import kafkajs from 'kafkajs'
import type { KafkaConnection } from '@cairn/drivers/connection'

/** The parts of the client's connection that are used here. */
interface Broker {
  findGroupCoordinator(request: object): Promise<unknown>
  metadata(topics: readonly string[]): Promise<{ readonly topicMetadata: readonly { readonly topic: string }[] }>
  produce(request: object): Promise<unknown>
  fetch(request: object): Promise<{
    readonly responses: readonly { readonly partitions: readonly { readonly messages: readonly Message[] }[] }[]
  }>
  createTopics(request: object): Promise<unknown>
  createPartitions(request: object): Promise<unknown>
  deleteTopics(request: object): Promise<unknown>
  deleteRecords(request: object): Promise<unknown>
  describeConfigs(request: object): Promise<unknown>
  alterConfigs(request: object): Promise<unknown>
  describeGroups(request: object): Promise<unknown>
  offsetCommit(request: object): Promise<unknown>
  offsetFetch(request: object): Promise<unknown>
  deleteGroups(groups: readonly string[]): Promise<{ readonly results: readonly { readonly error?: Error }[] }>
  initProducerId(request: object): Promise<unknown>
  describeAcls(request: object): Promise<unknown>
  createAcls(request: object): Promise<unknown>
}
interface Message {
  readonly value: Buffer | null
}
interface Cluster {
  connect(): Promise<void>
  disconnect(): Promise<void>
  refreshMetadata(): Promise<void>
  findControllerBroker(): Promise<Broker>
}

const PARTITION = 0
const GROUP = 0
const TOPIC = 2

/**
 * A broker as seen by one user: every request is sent once, unchanged. The client's own consumers and producers add
 * requests and retries, which would hide the request that was refused.
 */
export class BrokerDoor {
  readonly #cluster: Cluster
  readonly #broker: Broker

  private constructor(cluster: Cluster, broker: Broker) {
    this.#cluster = cluster
    this.#broker = broker
  }

  static async open({ brokers, tls, username = '', password = '' }: KafkaConnection): Promise<BrokerDoor> {
    const client = new kafkajs.Kafka({
      brokers: [...brokers],
      ssl: { ca: [tls!.ca!] },
      sasl: { mechanism: 'scram-sha-512', username, password },
      logLevel: kafkajs.logLevel.NOTHING,
    })
    const made = Object.getOwnPropertySymbols(client).find(
      ({ description }) => description === 'private:Kafka:createCluster',
    )
    const cluster = (client[made as never] as (options: object) => Cluster)({ allowAutoTopicCreation: false })
    await cluster.connect()
    await cluster.refreshMetadata()
    return new BrokerDoor(cluster, await cluster.findControllerBroker())
  }

  close(): Promise<void> {
    return this.#cluster.disconnect()
  }

  /** The topics in an unfiltered list. */
  async topics(): Promise<string[]> {
    return (await this.#broker.metadata([])).topicMetadata.map(({ topic }) => topic).sort()
  }

  /** Operations on a topic. Each resolves if it is allowed. */
  topic(topic: string): Readonly<Record<TopicAction, () => Promise<unknown>>> {
    const broker = this.#broker
    const config = { type: TOPIC, name: topic }
    return {
      describe: () => broker.metadata([topic]),
      read: async () => {
        const { responses } = await broker.fetch({
          maxWaitTime: 1,
          minBytes: 1,
          isolationLevel: 1,
          topics: [{ topic, partitions: [{ partition: PARTITION, fetchOffset: '0', maxBytes: 100_000 }] }],
        })
        const messages = responses.flatMap((response) => response.partitions.flatMap(({ messages }) => messages))
        if (messages.length === 0) throw new Error(`${topic} is empty`)
      },
      write: () => {
        const messages = [{ key: null, value: Buffer.from('tried'), headers: {}, timestamp: Date.now() }]
        return broker.produce({ topicData: [{ topic, partitions: [{ partition: PARTITION, messages }] }] })
      },
      create: () => broker.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }] }),
      delete: () => broker.deleteTopics({ topics: [topic] }),
      'delete records': () =>
        broker.deleteRecords({ topics: [{ topic, partitions: [{ partition: PARTITION, offset: '-1' }] }] }),
      'add partitions': () => broker.createPartitions({ topicPartitions: [{ topic, count: 50 }] }),
      'describe configs': () => broker.describeConfigs({ resources: [{ ...config, configNames: ['retention.ms'] }] }),
      'alter configs': () =>
        broker.alterConfigs({ resources: [{ ...config, configEntries: [{ name: 'retention.ms', value: '1' }] }] }),
    }
  }

  /** Operations on a group of a topic. */
  group(id: string, topic: string): Readonly<Record<GroupAction, () => Promise<unknown>>> {
    const broker = this.#broker
    return {
      describe: async () => {
        await broker.describeGroups({ groupIds: [id] })
        await broker.offsetFetch({ groupId: id, topics: [{ topic, partitions: [{ partition: PARTITION }] }] })
      },
      commit: () =>
        broker.offsetCommit({
          groupId: id,
          groupGenerationId: -1,
          memberId: '',
          retentionTime: -1,
          topics: [{ topic, partitions: [{ partition: PARTITION, offset: '0', metadata: '' }] }],
        }),
      remove: async () => {
        const { results } = await broker.deleteGroups([id])
        for (const { error } of results) if (error) throw error
      },
    }
  }

  /** Has the broker create its offsets topic, without which no group is admitted or refused. */
  async prepareGroups(): Promise<void> {
    await this.#broker.findGroupCoordinator({ groupId: 'first', coordinatorType: GROUP })
  }

  /** Operations on the cluster. */
  get cluster(): Readonly<Record<string, () => Promise<unknown>>> {
    const any = { resourceType: TOPIC, resourceName: '*', resourcePatternType: 3 }
    const acl = { ...any, principal: 'User:*', host: '*', operation: 2, permissionType: 3 }
    return {
      'see rights': () =>
        this.#broker.describeAcls({ ...any, operation: 1, permissionType: 1, principal: null, host: null }),
      'give rights': () => this.#broker.createAcls({ acl: [acl] }),
      'begin a transaction': () =>
        this.#broker.initProducerId({ transactionalId: 'tried', transactionTimeout: 10_000 }),
    }
  }
}

export const TOPIC_ACTIONS = ['describe', 'read', 'write', 'create'] as const
/** Operations for the administrator only. */
export const TOPIC_ACTIONS_OF_NONE = [
  'delete',
  'delete records',
  'add partitions',
  'describe configs',
  'alter configs',
] as const
type TopicAction = (typeof TOPIC_ACTIONS)[number] | (typeof TOPIC_ACTIONS_OF_NONE)[number]
export const GROUP_ACTIONS = ['describe', 'commit', 'remove'] as const
type GroupAction = (typeof GROUP_ACTIONS)[number]

/** Errors of requests that a broker authorizes but cannot fulfil. */
const LET_IN: ReadonlySet<string> = new Set(['TOPIC_ALREADY_EXISTS', 'GROUP_ID_NOT_FOUND', 'NON_EMPTY_GROUP'])

/** Whether a request was authorized. @throws errors other than a refusal */
export async function isLetIn(request: () => Promise<unknown>): Promise<boolean> {
  try {
    await request()
    return true
  } catch (error) {
    const types = typesOf(error)
    if (types.some((type) => type.endsWith('AUTHORIZATION_FAILED'))) return false
    if (types.some((type) => LET_IN.has(type))) return true
    throw error
  }
}

/** The broker's names of an error and its inner errors. */
function typesOf(error: unknown): string[] {
  const { type, errors, cause, partitions } = error as {
    readonly type?: string
    readonly errors?: readonly unknown[]
    readonly cause?: unknown
    readonly partitions?: readonly { readonly error: unknown }[]
  }
  const inner = [...(errors ?? []), ...(partitions ?? []).map((of) => of.error), ...(cause ? [cause] : [])]
  return [...(type === undefined ? [] : [type]), ...inner.flatMap(typesOf)]
}
