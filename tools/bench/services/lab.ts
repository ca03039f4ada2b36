import { spawn, type ChildProcess } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openConnection, type Connected, type Connection } from '@cairn/drivers/connection'
import { findProject, loadPipeline, planRun, Workspace } from '@cairn/workspace'
import { controlTopicOf, systemClock, topicOf, type CairnEvent, type Plan } from '@cairn/records'
import { submit } from '@cairn/engine'
import kafkajs from 'kafkajs'
import { PlanKeys } from '../../servers/plan-keys.fixture.ts'
import { startServers, type Servers } from '../../servers/servers.ts'
import { NODE, Project, ROOT, time, treeMemory } from '../lab.ts'

const ENV = 'bench'
const BUCKET = 'cairn-bench'
const READY_MS = 120_000
const ENDED_MS = 180_000

/** A received message. */
export interface Received {
  /** When it was received, by `performance.now()`. */
  readonly at: number
  readonly key: string
  readonly value: string
  readonly headers: Readonly<Record<string, string>>
}

/** With the tokens of one who may start runs, and of one who may only read. */
export type ControlProcess = Running & { readonly url: string; readonly token: string; readonly reader: string }

/** Kafka, MinIO and a project, and the processes of its steps beside those of the floor. */
export class ServicesLab {
  readonly project: Project
  readonly connection: Connection
  readonly connected: Connected
  readonly stage: string
  readonly #servers: Servers
  readonly #running = new Set<Running>()
  readonly #workspace: Workspace
  readonly #keys: PlanKeys
  #listeners = 0
  readonly #closing: (() => Promise<unknown>)[] = []

  private constructor(servers: Servers, project: Project, connection: Connection, connected: Connected) {
    this.#servers = servers
    this.project = project
    this.#keys = new PlanKeys(project.root)
    this.connection = connection
    this.connected = connected
    this.#workspace = new Workspace({ ...findProject(project.root), env: ENV }, connected.store)
    const parent = join(ROOT, 'node_modules', '.cache', 'cairn')
    mkdirSync(parent, { recursive: true })
    this.stage = mkdtempSync(join(parent, 'bench-'))
    process.on('exit', () => rmSync(this.stage, { recursive: true, force: true }))
  }

  static async open(files: Readonly<Record<string, string>>, pipelines: readonly string[]): Promise<ServicesLab> {
    await time({ program: NODE, args: [join(ROOT, 'tools/setup/build.js'), 'stage'], cwd: ROOT })
    const project = new Project(files)
    const servers = await startServers({ folder: join(project.root, 'servers') })
    const connection = { env: ENV, kafka: servers.kafka, s3: { ...servers.s3, bucket: BUCKET } }
    const connected = await openConnection(connection, { clientId: 'bench', cache: join(project.root, 'cache') })
    await connected.store.ensureBucket()
    await connected.store.checkFormat()
    await connected.bus.ensureTopics([
      controlTopicOf({ env: ENV }),
      ...pipelines.flatMap((pipeline) => [topicOf({ env: ENV, pipeline }), floorTopicOf(pipeline)]),
    ])
    project.write({ 'connection.json': JSON.stringify(connection) })
    const lab = new ServicesLab(servers, project, connection, connected)
    cpSync(join(ROOT, 'apps/stage/dist'), lab.stage, { recursive: true }) // someone may build anew meanwhile
    return lab
  }

  /** A process of a step, ready. */
  startStage(pipeline: string, step: string, env: Readonly<Record<string, string>> = {}): Promise<Running> {
    return this.#start(`${pipeline}-${step}`, [join(this.stage, 'main.js')], {
      CAIRN_CONNECTION: join(this.project.root, 'connection.json'),
      CAIRN_ROOT: this.project.root,
      CAIRN_SCRATCH: join(this.project.root, 'scratch'),
      CAIRN_PIPELINE: pipeline,
      CAIRN_STEP: step,
      ...this.#keys.stages,
      PORT: '0',
      ...env,
    })
  }

  /** A control service that plans this project, ready. */
  async startControl(): Promise<ControlProcess> {
    await time({ program: NODE, args: [join(ROOT, 'tools/setup/build.js'), 'control'], cwd: ROOT })
    const dist = join(this.stage, 'control')
    cpSync(join(ROOT, 'apps/control/dist'), dist, { recursive: true })
    const [token, reader] = [0, 1].map(() => randomBytes(24).toString('base64url')) as [string, string]
    const tokens = [
      { name: 'bench', sha256: hash('sha256', token), rights: ['read', 'run'] },
      { name: 'reader', sha256: hash('sha256', reader), rights: ['read'] },
    ]
    this.project.write({ 'tokens.json': JSON.stringify(tokens) })
    const running = await this.#start('control', [join(dist, 'main.js')], {
      CAIRN_CONNECTION: join(this.project.root, 'connection.json'),
      CAIRN_ROOT: this.project.root,
      CAIRN_TOKENS: join(this.project.root, 'tokens.json'),
      ...this.#keys.control,
      PORT: '0',
    })
    const [, url = ''] = /"url":"(http:[^"]+)","msg":"ready"/.exec(running.log)!
    return Object.assign(running, { url, token, reader })
  }

  /** A process of the floor, ready. */
  startFloor(pipeline: string, role: string, concurrency: number): Promise<Running> {
    const { kafka, s3 } = this.connection
    const settings = { brokers: kafka.brokers, s3, topic: floorTopicOf(pipeline), role, concurrency }
    return this.#start(`floor-${role}`, [join(ROOT, 'tools/bench/plain/services.ts'), JSON.stringify(settings)], {})
  }

  async #start(name: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Running> {
    const running = new Running(join(this.project.root, `${name}-${this.#running.size}.log`), args, env)
    this.#running.add(running)
    await running.ready()
    return running
  }

  /** Receives all later messages of a topic. */
  async listen(topic: string, onMessage: (message: Received) => void): Promise<void> {
    const { Kafka, logLevel } = kafkajs
    const client = new Kafka({ brokers: [...this.connection.kafka.brokers], logLevel: logLevel.NOTHING })
    const consumer = client.consumer({ groupId: `${topic}.bench-${this.#listeners++}`, allowAutoTopicCreation: false })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: false })
    const joined = new Promise((joined) => consumer.on(consumer.events.GROUP_JOIN, joined))
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message: { key, value, headers: given = {} } }) => {
        const at = performance.now()
        const texts = Object.entries(given).map(([name, value]) => [name, String(value)])
        const headers = Object.fromEntries(texts) as Received['headers']
        onMessage({ at, key: String(key), value: String(value), headers })
      },
    })
    await joined
    await sleep(1_000) // until it knows where each partition ends
    this.#closing.push(() => consumer.disconnect())
  }

  async produce(topic: string, messages: readonly kafkajs.Message[]): Promise<void> {
    const client = new kafkajs.Kafka({
      brokers: [...this.connection.kafka.brokers],
      logLevel: kafkajs.logLevel.NOTHING,
    })
    this.#producer ??= (async () => {
      const producer = client.producer({ allowAutoTopicCreation: false })
      await producer.connect()
      this.#closing.push(() => producer.disconnect())
      return producer
    })()
    await (await this.#producer).send({ topic, acks: -1, messages: [...messages] })
  }
  #producer: Promise<kafkajs.Producer> | undefined

  async plan(pipeline: string, settings: Readonly<Record<string, number>> = {}): Promise<Plan> {
    const loaded = await loadPipeline(this.#workspace.project, pipeline)
    return (await planRun(this.#workspace, loaded, { settings })).plan
  }

  async submit(plan: Plan): Promise<void> {
    await submit({ ...this.connected, clock: systemClock }, this.#keys.sign(plan))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.stop()))
    for (const close of this.#closing) await close()
    await this.connected.close()
    await this.#servers.stop()
  }
}

export function cairnTopicOf(pipeline: string): string {
  return topicOf({ env: ENV, pipeline })
}
export function floorTopicOf(pipeline: string): string {
  return `floor.${pipeline}`
}

export function typeOf({ headers }: Received): string {
  return (headers['ce_type'] ?? '').replace('cairn.', '')
}
export function dataOf({ value }: Received): CairnEvent['data'] {
  return JSON.parse(value) as CairnEvent['data']
}

/** A process that says "ready" in its log. */
export class Running {
  readyMs = 0
  readonly #log: string
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  readonly #startedAt = performance.now()

  constructor(log: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#log = log
    const output = openSync(log, 'w')
    this.#child = spawn(NODE, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', output, output] })
    closeSync(output)
    this.#ended = new Promise((ended) => this.#child.once('exit', ended))
  }

  get log(): string {
    return readFileSync(this.#log, 'utf8')
  }
  get pid(): number {
    return this.#child.pid!
  }
  /** Bytes that it and those that it has started hold. */
  get memory(): number {
    return treeMemory(this.pid)
  }

  async ready(): Promise<void> {
    while (!/"msg":"ready"/.test(this.log)) {
      const { exitCode, signalCode } = this.#child
      if (exitCode !== null || signalCode !== null || performance.now() - this.#startedAt > READY_MS)
        throw new Error(`a process did not come up (${exitCode ?? signalCode ?? 'late'}):\n${this.log}`)
      await sleep(5)
    }
    this.readyMs = performance.now() - this.#startedAt
  }

  /** The line that holds this, once it is there. */
  async line(text: string, from = 0): Promise<string> {
    for (const deadline = performance.now() + ENDED_MS; performance.now() < deadline; await sleep(10)) {
      const found = this.log
        .slice(from)
        .split('\n')
        .find((line) => line.includes(text))
      if (found !== undefined) return found
    }
    throw new Error(`never printed: ${text}\n${this.log.slice(-2_000)}`)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGTERM')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 15_000)
    await this.#ended
    clearTimeout(late)
  }
}

/** Waits for a promise. Rejects after a time limit, and names what it waited for. */
export async function within<Value>(promise: Promise<Value>, what: string, ms = ENDED_MS): Promise<Value> {
  const timer = new AbortController()
  const late = sleep(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`after ${ms / 1000} s still not: ${what}`)
  })
  late.catch(() => {})
  return Promise.race([promise, late]).finally(() => timer.abort())
}
