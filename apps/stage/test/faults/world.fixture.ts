import { hash, randomBytes } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openConnection, type Connected, type Connection } from '@cairn/drivers/connection'
import { groupIdOf } from '@cairn/drivers/events/kafka'
import { thisProcess } from '@cairn/drivers/process-id'
import {
  contextFolder,
  findProject,
  loadPipeline,
  planRun,
  Workspace,
  type LoadedPipeline,
  type RunRequest,
} from '@cairn/workspace'
import { cancel, submit } from '@cairn/engine'
import {
  claim,
  controlTopicOf,
  layout,
  readRecord,
  systemClock,
  topicOf,
  type CairnEvent,
  type EndRecord,
  type Layout,
  type Plan,
  type RunEnd,
} from '@cairn/records'
import { PlanKeys } from '@cairn/tools/servers/plan-keys.fixture'
import { rawKafka, type RawKafka } from './kafka.fixture.ts'
import { Programs, REPOSITORY, type App } from './programs.fixture.ts'
import { s3Proxy, type S3Proxy } from './proxy.fixture.ts'
import { Replica } from './replica.fixture.ts'

export const PIPELINE = 'faults'
export const STEPS = ['draw', 'score', 'total', 'report'] as const
export const POINTS = [
  'event received',
  'computing',
  'uploading',
  'objects stored',
  'checkpoint stored',
  'end recorded',
  'event published',
] as const
export type Point = (typeof POINTS)[number]

/** Default maximum of each wait, in milliseconds; long because the machine may be busy. */
const PATIENCE_MS = 300_000
const LOOK_MS = 250
const ANSWER_MS = 60_000
/** Seconds: longer than any test. */
const NEVER = 86_400
const BUCKET = 'cairn-faults'
/** Session timeout in seconds: the minimum that a stage accepts. */
export const SESSION = 6

export interface Endpoints {
  readonly kafka: Connection['kafka']
  readonly s3: Omit<Connection['s3'], 'bucket'>
}
export interface WorldOptions {
  readonly env: string
  /** Seconds between sweeps of the reconciler of control. Default: never. */
  readonly sweep?: number
  /** Seconds without progress after which control publishes the events of a run again. Default: never. */
  readonly lostAfter?: number
  /** Overrides environment variables of stages. */
  readonly stageEnv?: Readonly<Record<string, string>>
  /** Overrides environment variables of control. */
  readonly controlEnv?: Readonly<Record<string, string>>
}

/** An environment of real processes on real servers. Records all submitted runs and all received events. */
export class World {
  readonly env: string
  readonly at: Layout
  readonly topic: string
  readonly folder: string
  /** Folder of the deployed project. */
  readonly root: string
  readonly store: Connected['store']
  readonly bus: Connected['bus']
  readonly proxy: S3Proxy
  readonly connection: Connection
  /** Runs whose submission was acknowledged. */
  readonly submitted = new Map<string, Plan>()
  /** Runs whose submission was started, acknowledged or not. */
  readonly tried = new Set<string>()
  /** Events that a consumer received, and how often, by id. */
  readonly received = new Map<string, { readonly event: CairnEvent; times: number }>()
  /** False events published by tests, as `<id> <time>`. Ignored here, as by a consumer that checks the records. */
  readonly lies = new Set<string>()
  /** All services, except those that were stopped. */
  readonly replicas: Replica[] = []
  /** Whether control may publish events again and end runs. If false, the check fails if it did. */
  mayHelp = false
  #kafka: RawKafka
  readonly #connected: Connected
  readonly #options: WorldOptions
  readonly #programs: Programs
  readonly #workspace: Workspace
  readonly #loaded: LoadedPipeline
  readonly #keys: PlanKeys
  readonly #token = randomBytes(24).toString('base64url')
  readonly #waiting = new Set<() => void>()
  readonly #listeners = new Set<(event: CairnEvent) => void>()
  #seed = 0

  private constructor(
    options: WorldOptions,
    connection: Connection,
    connected: Connected,
    parts: {
      folder: string
      programs: Programs
      proxy: S3Proxy
      kafka: RawKafka
      workspace: Workspace
      loaded: LoadedPipeline
    },
  ) {
    this.#options = options
    this.env = connection.env
    this.connection = connection
    this.at = layout(this.env, PIPELINE)
    this.topic = topicOf({ env: this.env, pipeline: PIPELINE })
    this.#connected = connected
    this.store = connected.store
    this.bus = connected.bus
    this.folder = parts.folder
    this.#keys = new PlanKeys(parts.folder)
    this.root = join(parts.folder, 'project')
    this.proxy = parts.proxy
    this.#programs = parts.programs
    this.#kafka = parts.kafka
    this.#workspace = parts.workspace
    this.#loaded = parts.loaded
  }

  static async open({ kafka, s3 }: Endpoints, options: WorldOptions): Promise<World> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-faults-')))
    const { env } = options
    const root = join(folder, 'project')
    cpSync(join(import.meta.dirname, 'project'), root, { recursive: true })
    symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'))
    const connection: Connection = { env, kafka, s3: { ...s3, bucket: BUCKET } }
    const connected = await openConnection(connection, {
      clientId: 'faults',
      sessionTimeout: SESSION * 1_000,
      cache: join(folder, 'cache'),
    })
    await connected.store.ensureBucket()
    await connected.store.checkFormat()
    await connected.bus.ensureTopics([controlTopicOf({ env }), topicOf({ env, pipeline: PIPELINE })])
    const project = { ...findProject(root), env }
    const world = new World(options, connection, connected, {
      folder,
      programs: await Programs.build(),
      proxy: await s3Proxy(s3.endpoint),
      kafka: await rawKafka(kafka.brokers),
      workspace: new Workspace(project, connected.store),
      loaded: await loadPipeline(project, PIPELINE),
    })
    await world.#begin()
    return world
  }

  async #begin(): Promise<void> {
    const { connection, proxy } = this
    const viaProxy = { ...connection, s3: { ...connection.s3, endpoint: proxy.endpoint } }
    this.#write('connection.json', connection)
    this.#write('stages.json', viaProxy)
    const rights = ['read', 'run', 'cancel', 'replay', 'adopt', 'promote', 'collect']
    this.#write('tokens.json', [{ name: 'all', sha256: hash('sha256', this.#token), pipelines: ['*'], rights }])
    await this.bus.subscribe(this.topic, { group: 'effects', from: 'beginning' }, async (event) => {
      if (this.lies.has(`${event.id} ${event.time}`)) return
      const known = this.received.get(event.id)
      if (known) known.times++
      else this.received.set(event.id, { event, times: 1 })
      for (const listener of this.#listeners) listener(event)
      this.#changed()
    })
  }

  /** Starts control and a process for each step. */
  async start(steps: readonly string[] = STEPS): Promise<void> {
    await this.startControl()
    await Promise.all(steps.map((step) => this.startStage(step)))
  }

  startControl({ sweep = NEVER, lostAfter = NEVER }: Partial<WorldOptions> = this.#options): Promise<Replica> {
    return this.#launch('control', 'control', {
      ...this.#keys.control,
      CAIRN_TOKENS: join(this.folder, 'tokens.json'),
      CAIRN_SWEEP: String(sweep),
      CAIRN_LOST_AFTER: String(lostAfter),
      CAIRN_CONNECTION: join(this.folder, 'connection.json'),
      ...this.#options.controlEnv,
    })
  }

  startStage(step: string, env: Readonly<Record<string, string>> = {}): Promise<Replica> {
    return this.#launch('stage', step, { ...this.#stage(step), ...env })
  }

  #stage(step: string): Record<string, string> {
    return {
      ...this.#keys.stages,
      CAIRN_PIPELINE: PIPELINE,
      CAIRN_STEP: step,
      CAIRN_SCRATCH: join(this.folder, 'scratch'),
      CAIRN_JOBS: '2',
      CAIRN_SHUTDOWN_TIMEOUT: '6',
      CAIRN_SESSION: String(SESSION),
      CAIRN_CONNECTION: join(this.folder, 'stages.json'),
      CAIRN_TEST_CRASH: this.#armed(step),
      ...this.#options.stageEnv,
    }
  }

  /** Runs a stage with another connection. Returns its exit code or signal, and its output. */
  async tryStage(step: string, connection: Connection): Promise<{ code: number | string | null; log: string }> {
    this.#write('other.json', connection)
    const replica = this.#replica('stage', step, { ...this.#stage(step), CAIRN_CONNECTION: this.#path('other.json') })
    const code = await replica.once()
    return { code, log: replica.log }
  }

  /** Steps that have a stage. */
  get steps(): string[] {
    return [...new Set(this.replicas.map(({ program }) => program.name))].filter((name) => name !== 'control')
  }

  /** Returns the first replica of a step, or control. */
  replica(name: string): Replica {
    return this.replicas.find(({ program }) => program.name === name)!
  }

  async stop(replica: Replica, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.replicas.splice(this.replicas.indexOf(replica), 1)
    await replica.stop(signal)
  }

  /** Kills the next process of a step that reaches a point. */
  arm(step: string, point: Point): void {
    rmSync(`${this.#armed(step)}.reached`, { force: true })
    writeFileSync(this.#armed(step), point)
  }
  disarm(step: string): void {
    rmSync(this.#armed(step), { force: true })
  }
  /** Returns whether a process has died at the point that was armed last. */
  reached(step: string): boolean {
    return existsSync(`${this.#armed(step)}.reached`)
  }

  /** Returns a request whose settings have a new seed, so that the run reuses nothing. */
  fresh(settings: object = {}): RunRequest {
    return { settings: { seed: ++this.#seed, ...settings } }
  }

  /** Plans and submits a run. Resolves with its id once the submission is acknowledged. */
  async submit(request: RunRequest = this.fresh()): Promise<string> {
    const { plan } = await planRun(this.#workspace, this.#loaded, request)
    this.tried.add(plan.run)
    await submit({ ...this.#connected, clock: systemClock }, this.#keys.sign(plan))
    this.submitted.set(plan.run, plan)
    return plan.run
  }

  /** Stores the plan of a run without publishing its first event, as if the submitting process had died in between. */
  async submitUntold(request: RunRequest = this.fresh()): Promise<string> {
    const { plan } = await planRun(this.#workspace, this.#loaded, request)
    this.tried.add(plan.run)
    await claim(this.store, this.at.plan(plan.run), this.#keys.sign(plan))
    this.submitted.set(plan.run, plan)
    return plan.run
  }

  /**
   * Submits a run through control, which plans it with the currently deployed code. Resolves with its id.
   *
   * @param key Idempotency-Key of the request
   */
  async submitByControl(request: RunRequest = this.fresh(), key?: string): Promise<string> {
    const headers = key === undefined ? {} : { 'idempotency-key': key }
    const { run } = (await this.ask('POST', `/v1/pipelines/${PIPELINE}/runs`, request, headers)) as { run: string }
    this.tried.add(run)
    this.submitted.set(run, (await readRecord<Plan>(this.store, this.at.plan(run)))!)
    return run
  }

  async end(run: string, task: string): Promise<EndRecord> {
    return (await readRecord<EndRecord>(this.store, this.at.end(run, task)))!
  }

  cancel(run: string): Promise<RunEnd> {
    const { store, bus } = this
    return cancel({ store, bus, clock: systemClock, name: thisProcess }, { env: this.env, pipeline: PIPELINE }, run)
  }

  async ask(
    method: string,
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const { url } = this.replica('control')
    if (url === undefined) throw new Error(`${method} ${path}: control is not up`)
    const answer = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text) as unknown
  }

  /** Writes a context with the current URL of control, for `--on <name>` of the command line. */
  writeContext(name: string): void {
    const folder = contextFolder(this.root)
    mkdirSync(folder, { recursive: true })
    const control = { url: this.replica('control').url, token: this.#token }
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ env: this.env, control }))
  }

  /** Shifts the clock of all processes of a name by this many milliseconds, forward or (if negative) back. */
  setClock(name: string, ms: number): void {
    writeFileSync(this.#clockOf(name), String(ms))
  }

  /** Calls `listener` for each received event until the returned function is called. */
  onEvent(listener: (event: CairnEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Calls `look` until it returns something other than undefined or false, and resolves with that. Calls it after each
   * received event, and at least every 250 ms.
   *
   * @param what condition for the error message
   * @throws Error with the state of all services after `ms` milliseconds
   */
  async until<Found>(
    what: string,
    look: () => Found | undefined | false | Promise<Found | undefined | false>,
    ms = PATIENCE_MS,
  ): Promise<Found> {
    for (const deadline = performance.now() + ms; ;) {
      const changed = Promise.withResolvers<void>()
      this.#waiting.add(changed.resolve)
      const timer = setTimeout(changed.resolve, LOOK_MS)
      try {
        const found = await look()
        if (found !== undefined && found !== false) return found
        if (performance.now() > deadline)
          throw new Error(`after ${ms / 1000} s still not: ${what}; ${await this.#standing()}\n${this.tell()}`)
        await changed.promise
      } finally {
        clearTimeout(timer)
        this.#waiting.delete(changed.resolve)
      }
    }
  }

  untilHeard(run: string, type: string, task = '', ms = PATIENCE_MS): Promise<CairnEvent> {
    const id = task === '' ? `${run}/${type}` : `${run}/${task}/${type}`
    return this.until(`received ${id}`, () => this.received.get(id)?.event, ms)
  }

  /** Resolves with the status of each run once all of them have ended. */
  async untilEnded(runs: Iterable<string>, ms = PATIENCE_MS): Promise<Record<string, string>> {
    const statuses: Record<string, string> = {}
    for (const run of runs) {
      const ended = await this.untilHeard(run, 'run-ended', '', ms).catch(async (error: unknown) => {
        throw new Error(await this.#tellOf(run), { cause: error })
      })
      statuses[run] = ended.data.status!
    }
    return statuses
  }

  /** Describes the terminal records and received events of a run. */
  async #tellOf(run: string): Promise<string> {
    const [ends, end] = await Promise.all([
      this.store.children(this.at.ends(run)),
      readRecord<RunEnd>(this.store, this.at.runEnd(run)),
    ])
    const received = [...this.received.keys()].filter((id) => id.startsWith(`${run}/`))
    return `${run}: end ${end?.status ?? 'not recorded'}; ended: ${ends.join(', ')}; received: ${received.join(', ')}`
  }

  /** Follows a run through a given control service. */
  follow(control: Replica, run: string, signal: AbortSignal): Promise<Response> {
    return fetch(`${control.url}/v1/pipelines/${PIPELINE}/runs/${run}/events`, {
      headers: { authorization: `Bearer ${this.#token}` },
      signal,
    })
  }

  /** Returns the readiness of the first stage of a step. */
  async readiness(step: string): Promise<Record<string, string>> {
    const answer = await fetch(`${this.replica(step).url}/health/ready`, { signal: AbortSignal.timeout(10_000) })
    return (await answer.json()) as Record<string, string>
  }

  /** Returns the committed offsets of a step's group and the ends of the log, by partition. */
  progress(step: string) {
    return this.#kafka.progress(this.topic, groupIdOf(this.topic, this.groupOf(step)))
  }
  async lag(step: string): Promise<number> {
    return [...(await this.progress(step)).values()].reduce((sum, { committed, end }) => sum + end - committed, 0)
  }
  groupOf(step: string): string {
    return step
  }

  get kafka(): RawKafka {
    return this.#kafka
  }
  /** Replaces the plain Kafka client after an outage of the brokers. */
  async reconnect(): Promise<void> {
    await this.#kafka.close().catch(() => {})
    this.#kafka = await rawKafka(this.connection.kafka.brokers)
  }

  /** Returns the ids of all processes that run the programs of this world, including workers. */
  processes(): number[] {
    const { folder } = this.#programs
    return readdirSync('/proc').flatMap((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder) ? [Number(pid)] : []
      } catch {
        return [] // it has just ended
      }
    })
  }

  /** Returns the ids of those processes whose service no longer runs. */
  leftBehind(): number[] {
    const alive = new Set(this.replicas.map(({ pid }) => pid))
    return this.processes().filter((pid) => {
      const parent = parentOf(pid)
      return parent !== undefined && !alive.has(pid) && !alive.has(parent)
    })
  }

  /** Returns the end of each log, for error messages. */
  tell(): string {
    return this.replicas
      .map((replica) => `--- ${replica.program.name} (${replica.ends.join(', ')})\n${replica.log.slice(-1_500)}`)
      .join('\n')
  }

  /** Describes the progress of each step's group and the readiness of its first stage. */
  async #standing(): Promise<string> {
    const steps = this.steps.map(async (step) => {
      const [progress, readiness] = await Promise.all([
        this.progress(step).then((partitions) =>
          [...partitions].map(([index, { committed, end }]) => `${index}: ${committed} of ${end}`).join(', '),
        ),
        this.readiness(step).then(JSON.stringify),
      ]).catch((error: unknown) => [String(error)])
      return `${step} (${progress}) ${readiness}`
    })
    return (await Promise.all(steps)).join('; ')
  }

  async close(): Promise<void> {
    await Promise.all(this.replicas.splice(0).map((replica) => replica.stop()))
    await this.until('no process is left', () => this.processes().length === 0)
    await this.#kafka.close().catch(() => {})
    await this.#connected.close()
    await this.proxy.close()
    this.#programs.remove()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #launch(app: App, name: string, env: Readonly<Record<string, string>>): Promise<Replica> {
    const replica = this.#replica(app, name, env)
    this.replicas.push(replica)
    return replica.start()
  }

  #replica(app: App, name: string, env: Readonly<Record<string, string>>): Replica {
    const program = {
      name,
      args: [
        '--enable-source-maps',
        ...['crash.js', 'clock.js'].map((beside) => `--import=${join(import.meta.dirname, beside)}`),
        this.#programs.main(app),
      ],
      cwd: this.root,
      env: { PORT: '0', CAIRN_ROOT: this.root, CAIRN_TEST_CLOCK: this.#clockOf(name), ...env },
      logs: join(this.folder, `${name}-${this.#launched++}`),
    }
    return new Replica(program, () => this.#changed())
  }
  #launched = 0

  #armed(step: string): string {
    return this.#path(`crash-${step}`)
  }
  #clockOf(name: string): string {
    return this.#path(`clock-${name}`)
  }
  #path(name: string): string {
    return join(this.folder, name)
  }
  #write(name: string, content: object): void {
    writeFileSync(this.#path(name), JSON.stringify(content))
  }
  #changed(): void {
    for (const look of this.#waiting) look()
  }
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1])
  } catch {
    return undefined // it has just ended
  }
}
