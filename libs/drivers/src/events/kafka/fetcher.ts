import Batch from 'kafkajs/src/consumer/batch.js'
import { newClient } from './client.ts'
import { within } from './deadline.ts'
import type { KafkaSettings } from './settings.ts'

/** The part of kafkajs's internal `Cluster` that is used here. */
interface Cluster {
  connect(): Promise<void>
  disconnect(): Promise<void>
  addTargetTopic(topic: string): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[]
  fetchTopicsOffset(topics: readonly object[]): Promise<readonly { readonly partitions: readonly Position[] }[]>
  findBroker(of: { readonly nodeId: string }): Promise<{ fetch(request: object): Promise<Fetched> }>
}
interface Position {
  readonly partition: number
  readonly offset: string
}
interface Fetched {
  readonly responses: readonly { readonly partitions: readonly object[] }[]
}

const READ_COMMITTED = 1
const METADATA_AGE_MS = 60_000
const BYTES_A_PARTITION = 1 << 20

/**
 * Reads the partitions of a topic from given offsets, without a consumer group. The kafkajs consumer always needs a
 * group, and a group for one process would stay behind if the process dies.
 */
export class Fetcher {
  readonly #settings: KafkaSettings
  readonly #topic: string
  readonly #cluster: Cluster

  constructor(settings: KafkaSettings, topic: string) {
    this.#settings = settings
    this.#topic = topic
    this.#cluster = clusterOf(settings)
  }

  async connect(): Promise<void> {
    const connected = this.#cluster.connect().then(() => this.#cluster.addTargetTopic(this.#topic))
    await within(this.#settings.timeout, connected, 'connecting')
  }

  async close(): Promise<void> {
    await within(this.#settings.requestTimeout, this.#cluster.disconnect(), 'disconnecting').catch(() => {})
  }

  get partitions(): number[] {
    return this.#cluster.findTopicPartitionMetadata(this.#topic).map(({ partitionId }) => partitionId)
  }

  /** Returns the first offset of each partition, or the offset of its next message. */
  async offsets(from: 'beginning' | 'now'): Promise<Map<number, number>> {
    const topic = this.#topic
    const partitions = this.partitions.map((partition) => ({ partition }))
    const [found] = await this.#cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning: from === 'beginning' }])
    return new Map(found?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
  }

  /**
   * Fetches messages from these offsets on; waits up to `fetchWait` if there are none. Advances the offsets past the
   * fetched messages.
   *
   * @param positions offset of the next message to fetch, by partition
   */
  async fetch(positions: Map<number, number>): Promise<Batch[]> {
    const batches = await within(this.#longestFetch, this.#fetch(positions), `fetching from ${this.#topic}`)
    const filled = batches.filter((batch) => !batch.isEmptyIncludingFiltered())
    for (const batch of filled) positions.set(batch.partition, Number(batch.lastOffset()) + 1)
    return filled
  }

  get #longestFetch(): number {
    return this.#settings.requestTimeout + this.#settings.fetchWait
  }

  async #fetch(positions: ReadonlyMap<number, number>): Promise<Batch[]> {
    await this.#cluster.refreshMetadataIfNecessary()
    const leaders = Map.groupBy(
      this.#cluster.findTopicPartitionMetadata(this.#topic).filter(({ partitionId }) => positions.has(partitionId)),
      ({ leader }) => leader,
    )
    const fetched = [...leaders].map(async ([leader, led]) => {
      const partitions = led.map(({ partitionId: partition }) => ({
        partition,
        fetchOffset: String(positions.get(partition)),
        maxBytes: BYTES_A_PARTITION,
      }))
      const broker = await this.#cluster.findBroker({ nodeId: String(leader) })
      const { responses } = await broker.fetch({
        maxWaitTime: this.#settings.fetchWait,
        minBytes: 1,
        isolationLevel: READ_COMMITTED,
        topics: [{ topic: this.#topic, partitions }],
      })
      return responses.flatMap((response) =>
        response.partitions.map((data) => {
          const { partition } = data as { partition: number }
          return new Batch(this.#topic, String(positions.get(partition)), data)
        }),
      )
    })
    return (await Promise.all(fetched)).flat()
  }
}

/** Creates a `Cluster`, which tracks brokers and partition leaders. kafkajs does not export it. */
function clusterOf(settings: KafkaSettings): Cluster {
  const client = newClient(settings)
  const made = Object.getOwnPropertySymbols(client).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  )
  const create = client[made as never] as (options: object) => Cluster
  return create({ metadataMaxAge: METADATA_AGE_MS, allowAutoTopicCreation: false, isolationLevel: READ_COMMITTED })
}
