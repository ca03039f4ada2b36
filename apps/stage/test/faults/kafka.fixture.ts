import { randomUUID } from 'node:crypto'
import kafkajs, { type Consumer, type IHeaders, type Message } from 'kafkajs'

export type RawKafka = Awaited<ReturnType<typeof rawKafka>>

export interface Progress {
  readonly committed: number
  readonly end: number
}

export interface Place {
  readonly partition: number
  readonly offset: number
}

/** Access to Kafka with the plain client, without Cairn's event bus. */
export async function rawKafka(brokers: readonly string[]) {
  const kafka = new kafkajs.Kafka({
    brokers: [...brokers],
    clientId: 'faults',
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 20, maxRetryTime: 5_000 },
  })
  const admin = kafka.admin()
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
  const consumers: Consumer[] = []
  await Promise.all([admin.connect(), producer.connect()])
  return {
    /** Returns the committed offset of a group and the end of the log, by partition. */
    async progress(topic: string, groupId: string): Promise<Map<number, Progress>> {
      const [ends, [group]] = await Promise.all([
        admin.fetchTopicOffsets(topic),
        admin.fetchOffsets({ groupId, topics: [topic] }),
      ])
      const committed = new Map(group!.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
      return new Map(
        ends.map(({ partition, high }) => [
          partition,
          { committed: Math.max(committed.get(partition) ?? 0, 0), end: Number(high) },
        ]),
      )
    },
    /** Returns a map of the positions of all events of a topic by id, which later events are added to. */
    async follow(topic: string): Promise<ReadonlyMap<string, Place>> {
      const places = new Map<string, Place>()
      const consumer = kafka.consumer({ groupId: `places-${randomUUID()}` })
      consumers.push(consumer)
      await consumer.connect()
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        async eachMessage({ partition, message: { headers, offset } }) {
          const id = headers?.['ce_id']?.toString()
          if (id !== undefined && !places.has(id)) places.set(id, { partition, offset: Number(offset) })
        },
      })
      return places
    },
    async send(topic: string, key: string, value: string | Buffer | null, headers: IHeaders = {}): Promise<void> {
      await producer.send({ topic, messages: [{ key, value, headers }] })
    },
    async topics(): Promise<string[]> {
      return admin.listTopics()
    },
    async groups(): Promise<string[]> {
      return (await admin.listGroups()).groups.map(({ groupId }) => groupId)
    },
    /** Creates a topic. Returns a function that deletes it. */
    async addTopic(topic: string): Promise<() => Promise<void>> {
      await admin.createTopics({ topics: [{ topic }] })
      return () => admin.deleteTopics({ topics: [topic] })
    },
    /** Creates a group with a committed offset, but without members. Returns a function that deletes it. */
    async addGroup(groupId: string): Promise<() => Promise<unknown>> {
      const [topic] = await admin.listTopics()
      await admin.setOffsets({ groupId, topic: topic!, partitions: [{ partition: 0, offset: '0' }] })
      return () => admin.deleteGroups([groupId])
    },
    async sendAll(topic: string, messages: readonly Message[]): Promise<void> {
      for (const some of inBatches(messages)) await producer.send({ topic, messages: some })
    },
    async close() {
      await Promise.all([admin, producer, ...consumers].map((client) => client.disconnect()))
    },
  }
}

/** The broker refuses batches of more than 1 MB. Each group of messages is below that, unless a single one is not. */
function inBatches(messages: readonly Message[]): Message[][] {
  const batches: Message[][] = []
  let size = Infinity
  for (const message of messages) {
    const bytes = Buffer.byteLength(message.value ?? '')
    if (size + bytes > BATCH_BYTES) (batches.push([]), (size = 0))
    batches.at(-1)!.push(message)
    size += bytes
  }
  return batches
}
const BATCH_BYTES = 500_000
