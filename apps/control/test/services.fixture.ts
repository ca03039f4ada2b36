import { spawn, type ChildProcess } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openConnection, type Connected, type Connection } from '@cairn/drivers/connection'
import { controlTopicOf, topicOf } from '@cairn/records'
import { PlanKeys } from '@cairn/tools/servers/plan-keys.fixture'
import { ControlClient } from './client.fixture.ts'
import { Programs } from './programs.fixture.ts'

type Endpoints = Pick<Connection, 'kafka'> & { readonly s3: Omit<Connection['s3'], 'bucket'> }
export interface Token {
  readonly name: string
  readonly pipelines: readonly string[]
  readonly rights: readonly string[]
}

export type Control = Service & { readonly client: ControlClient }

export const TEST_BUCKET = 'cairn-test'
const READY_MS = 300_000
/** So many come up at one time: all at once would starve one another. */
const STARTS = 4
const LEAVE_MS = 30_000

/** One environment on the tests' servers, and the real processes that run in it. */
export class Services {
  readonly connection: Connection
  readonly folder: string
  readonly root: string
  readonly keys: PlanKeys
  readonly #programs: Programs
  readonly #opened: Connected
  readonly #running = new Set<Service>()
  readonly #starts: Promise<unknown>[] = Array.from({ length: STARTS }, () => Promise.resolve())

  private constructor(programs: Programs, opened: Connected, connection: Connection, root: string, folder: string) {
    this.connection = connection
    this.root = root
    this.folder = folder
    this.keys = new PlanKeys(folder)
    this.#programs = programs
    this.#opened = opened
  }

  /** @param root the project whose pipelines are run */
  static async open(
    servers: Endpoints,
    { env, root, pipelines }: { env: string; root: string; pipelines: readonly string[] },
  ): Promise<Services> {
    const folder = mkdtempSync(join(tmpdir(), 'cairn-services-'))
    const connection = { env, kafka: servers.kafka, s3: { ...servers.s3, bucket: TEST_BUCKET } }
    writeFileSync(join(folder, 'connection.json'), JSON.stringify(connection))
    const programs = await Programs.build()
    const opened = await openConnection(connection, { clientId: 'test', cache: join(folder, 'cache') })
    await opened.store.ensureBucket()
    await opened.bus.ensureTopics([controlTopicOf({ env }), ...pipelines.map((pipeline) => topicOf({ env, pipeline }))])
    return new Services(programs, opened, connection, root, folder)
  }

  get store(): Connected['store'] {
    return this.#opened.store
  }
  get bus(): Connected['bus'] {
    return this.#opened.bus
  }

  /** A token that control lets in, and what it lets its holder do. */
  token({ name, pipelines, rights }: Token): string {
    const token = randomBytes(24).toString('base64url')
    const known = readTokens(this.#tokens)
    const sha256 = hash('sha256', token)
    writeFileSync(this.#tokens, JSON.stringify([...known, { name, sha256, pipelines, rights }]))
    return token
  }

  takeTokensOf(name: string): void {
    const kept = readTokens(this.#tokens).filter((token) => token.name !== name)
    writeFileSync(this.#tokens, JSON.stringify(kept))
  }

  /** Leaves half of the file of tokens; puts it right again. */
  breakTokens(): () => void {
    const text = readFileSync(this.#tokens, 'utf8')
    writeFileSync(this.#tokens, text.slice(0, text.length / 2))
    return () => writeFileSync(this.#tokens, text)
  }

  async control(env: Readonly<Record<string, string>> = {}): Promise<Control> {
    const all = {
      name: 'all',
      pipelines: ['*'],
      rights: ['read', 'run', 'cancel', 'replay', 'adopt', 'promote', 'collect'],
    }
    const token = this.token(all)
    const service = await this.#start('control', {
      ...this.keys.control,
      CAIRN_TOKENS: this.#tokens,
      CAIRN_SWEEP: '0.5',
      ...env,
    })
    return Object.assign(service, { client: new ControlClient(service.url, token) })
  }

  stage(pipeline: string, step: string, env: Readonly<Record<string, string>> = {}): Promise<Service> {
    const scratch = join(this.folder, 'scratch')
    return this.#start('stage', {
      ...this.keys.stages,
      CAIRN_PIPELINE: pipeline,
      CAIRN_STEP: step,
      CAIRN_SCRATCH: scratch,
      CAIRN_JOBS: '1',
      CAIRN_SHUTDOWN_TIMEOUT: '4',
      ...env,
    })
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((service) => service.stop()))
    await this.#opened.close()
    this.#programs.remove()
    rmSync(this.folder, { recursive: true, force: true })
  }

  get #tokens(): string {
    return join(this.folder, 'tokens.json')
  }

  #start(app: 'stage' | 'control', env: Readonly<Record<string, string>>): Promise<Service> {
    const started = this.#starts.shift()!.then(() => this.#launch(app, env))
    this.#starts.push(started.catch(() => {}))
    return started
  }

  async #launch(app: 'stage' | 'control', env: Readonly<Record<string, string>>): Promise<Service> {
    const log = join(this.folder, `${app}-${this.#running.size}.log`)
    const output = openSync(log, 'a')
    const child = spawn(process.execPath, [this.#programs.main(app)], {
      cwd: this.root,
      stdio: ['ignore', output, output],
      env: {
        ...process.env,
        CAIRN_CONNECTION: join(this.folder, 'connection.json'),
        CAIRN_ROOT: this.root,
        CAIRN_STEP_WRITES: tmpdir(),
        PORT: '0',
        ...env,
      },
    })
    closeSync(output)
    const service = new Service(child, log)
    this.#running.add(service)
    await service.ready()
    return service
  }
}

/** A process of a service. */
export class Service {
  url = ''
  readonly #child: ChildProcess
  readonly #log: string
  readonly #ended: Promise<unknown>

  constructor(child: ChildProcess, log: string) {
    this.#child = child
    this.#log = log
    this.#ended = new Promise((ended) => child.once('exit', ended))
  }

  get log(): string {
    return readFileSync(this.#log, 'utf8')
  }

  /** Resolves once it has said where it listens. */
  async ready(): Promise<void> {
    for (const deadline = performance.now() + READY_MS; this.url === ''; await sleep(20)) {
      this.url = /"url":"(http:[^"]+)","msg":"ready"/.exec(this.log)?.[1] ?? ''
      const { exitCode, signalCode } = this.#child
      if (exitCode !== null || signalCode !== null || performance.now() > deadline)
        throw new Error(`a service did not come up (${exitCode ?? signalCode ?? 'late'}):\n${this.log}`)
    }
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), LEAVE_MS)
    await this.#ended
    clearTimeout(late)
  }
}

function readTokens(file: string): Token[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Token[]
  } catch {
    return []
  }
}
