/**
 * The raw cost of a stage: a bare loop that does, with the same clients, what the guarantees need and no more. It takes a
 * task, looks for its checkpoint, counts the attempt, computes, keeps checkpoint and terminal record, publishes its end.
 * `services.ts <settings as JSON>`
 */
import kafkajs from 'kafkajs'
import { Client } from 'minio'
import { buffer } from 'node:stream/consumers'
import { Agent } from 'node:http'
import { hash } from 'node:crypto'

interface Settings {
  readonly brokers: string[]
  readonly s3: {
    readonly endpoint: string
    readonly accessKey: string
    readonly secretKey: string
    readonly bucket: string
  }
  readonly topic: string
  /** `even` and `odd` hand a task to each other; `single` takes tasks of their own; `batch` tasks of many items. */
  readonly role: string
  readonly concurrency: number
}
interface Task {
  readonly run: string
  readonly n: number
  /** After so many it is over. */
  readonly length?: number
  readonly items?: number
  readonly isEnd?: boolean
}

const { brokers, s3, topic, role, concurrency } = JSON.parse(process.argv[2]!) as Settings
const { hostname, port } = new URL(s3.endpoint)
const { accessKey, secretKey, bucket } = s3
const store = new Client({
  endPoint: hostname,
  port: Number(port),
  useSSL: false,
  accessKey,
  secretKey,
  region: 'us-east-1',
  transportAgent: new Agent({ keepAlive: true, maxSockets: 32 }),
})
const client = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING })
const producer = client.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false })
const consumer = client.consumer({ groupId: `${topic}.${role}`, maxWaitTimeInMs: 250, allowAutoTopicCreation: false })

/** What comes while a send is under way goes together in the next. */
let waiting: { message: kafkajs.Message; done: () => void; fail: (error: unknown) => void }[] = []
let isSending = false
function send(message: kafkajs.Message): Promise<void> {
  return new Promise((done, fail) => {
    waiting.push({ message, done, fail })
    if (!isSending) void sendWaiting()
  })
}
async function sendWaiting(): Promise<void> {
  isSending = true
  await Promise.resolve()
  while (waiting.length > 0) {
    const batch = waiting
    waiting = []
    try {
      await producer.send({ topic, acks: -1, messages: batch.map(({ message }) => message) })
      for (const { done } of batch) done()
    } catch (error) {
      for (const { fail } of batch) fail(error)
    }
  }
  isSending = false
}

/** As large as the records of a task with one small output. */
const PADDING = 'x'.repeat(500)
async function create(path: string, record: object): Promise<void> {
  const bytes = Buffer.from(JSON.stringify({ ...record, padding: PADDING }))
  await store.putObject(bucket, path, bytes, bytes.length, { 'If-None-Match': '*' })
}
async function read(path: string): Promise<{ n: number } | undefined> {
  try {
    return JSON.parse((await buffer(await store.getObject(bucket, path))).toString()) as { n: number }
  } catch (error) {
    if ((error as { code?: string }).code === 'NoSuchKey') return undefined
    throw error
  }
}
async function computed(run: string, input: number): Promise<number> {
  const path = `floor/checkpoints/${hash('sha256', `${run} ${input}`)}`
  const found = await read(path)
  if (found) return found.n
  const n = input + 1
  await create(path, { n, digest: hash('sha256', String(n)) })
  return n
}

async function perform({ run, n, length, items }: Task): Promise<void> {
  const at = `floor/runs/${run}`
  if (length !== undefined && n > 0) await read(`${at}/ends/${n - 1}`)
  const publish = () =>
    send({
      key: length === undefined ? `${run}/${n}` : run,
      value: JSON.stringify({ run, n: n + 1, length, isEnd: length === undefined }),
    })
  if (items === undefined) {
    const path = `floor/checkpoints/${hash('sha256', `${run} ${n}`)}`
    const found = await read(path)
    if (!found) {
      await create(`${at}/attempts/${n}-1`, { n })
      await create(path, { n: n + 1, digest: hash('sha256', String(n)) })
    }
  } else {
    await create(`${at}/attempts/${n}-1`, { n })
    for (let item = 0; item < items; item++) await computed(run, n * items + item)
  }
  await create(`${at}/ends/${n}`, { n: n + 1 })
  await publish()
}

const isMine = ({ n, length, isEnd }: Task): boolean =>
  length === undefined ? !isEnd : n < length && n % 2 === (role === 'even' ? 0 : 1)

let free = concurrency
const queue: (() => void)[] = []
async function limited(task: Task): Promise<void> {
  if (free === 0) await new Promise<void>((go) => queue.push(go))
  else free--
  try {
    await perform(task)
  } finally {
    const next = queue.shift()
    if (next) next()
    else free++
  }
}

await Promise.all([producer.connect(), consumer.connect(), store.bucketExists(bucket)])
await consumer.subscribe({ topic, fromBeginning: true })
consumer.on(consumer.events.GROUP_JOIN, () => console.log('{"msg":"ready"}'))
await consumer.run({
  autoCommitInterval: 200,
  partitionsConsumedConcurrently: 12,
  eachBatch: async ({ batch }) => {
    const tasks = batch.messages.map(({ value }) => JSON.parse(String(value)) as Task)
    await Promise.all(tasks.filter(isMine).map(limited))
  },
})
process.once('SIGTERM', () => void consumer.disconnect().finally(() => process.exit(0)))
