import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import { freePorts } from '@cairn/drivers/free-ports'
import { whileLocked } from '@cairn/drivers/lock'
import { isGone } from '@cairn/drivers/process-id'
import { stopProcess } from '@cairn/drivers/stop-process'
import { CairnError } from '@cairn/kernel'
import { consumerGroupsToolIn, kafkaContainer, minioContainer, pullImages } from './docker.ts'
import { consumerGroupsTool, JAVA, KAFKA, kafkaServer, type Command } from './kafka.ts'
import { MINIO, minioServer, type Credentials } from './minio.ts'
import { install, lacking, type Tool } from './programs.ts'
import { launch, untilReady, type Launch } from './server-process.ts'

export interface ServersOptions {
  /** The folder of the servers' data, logs and settings. Ports and credentials stay the same in later starts. */
  readonly folder: string
  readonly ports?: { readonly kafka?: number | undefined; readonly s3?: number | undefined }
  /** Leave them running when this process ends; `stopServers` stops them. */
  readonly detached?: boolean
  /** Run the public images instead. Their data is then lost when they stop, unless they are only prepared here. */
  readonly docker?: boolean
  readonly log?: (line: string) => void
  /** Time limit for each to be ready, once its program is installed. */
  readonly deadlineMs?: number
}

export interface Endpoints {
  readonly kafka: { readonly brokers: readonly string[] }
  readonly s3: Credentials & { readonly endpoint: string }
}
export interface Servers extends Endpoints {
  stop(): Promise<void>
}

/** The state in the folder, readable only by its owner. */
interface State extends Endpoints {
  /** Kafka's internal port. */
  readonly controllerPort?: number
  /** Empty if another program keeps the servers running. */
  readonly processes: readonly string[]
}

/** Starts Kafka and MinIO on this machine's loopback address, or returns those that already run in the folder. */
export async function startServers(options: ServersOptions): Promise<Servers> {
  const folder = resolve(options.folder)
  const { docker = false, log = () => {}, deadlineMs = 120_000 } = options
  if (!runningServers(folder)) await (docker ? pullImages(log) : installServers(log))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // One process starts them; the others then find them.
  return whileLocked(join(folder, 'starting'), `starting servers in ${folder}`, deadlineMs * 2, log, async () => {
    const before = readState(folder)
    if (before && isRunning(before)) return { ...before, stop: () => stopServers(folder) }
    await stopServers(folder) // one of them may have died
    return startAnew({ ...options, folder, docker, deadlineMs }, before)
  })
}

async function startAnew(
  {
    folder,
    ports = {},
    detached = false,
    docker = false,
    deadlineMs,
  }: ServersOptions & { readonly deadlineMs: number },
  before: State | undefined,
): Promise<Servers> {
  const { launches, controllerPort, ...endpoints } = await planServers(
    { folder, ports, docker, keep: false },
    before,
    [],
  )
  const letGo = await startAll(folder, { ...endpoints, controllerPort }, Object.values(launches), detached, deadlineMs)
  return { ...endpoints, stop: () => stopServers(folder).finally(letGo) }
}

export type ServerName = 'kafka' | 'minio'
export interface Prepared extends Endpoints {
  readonly launches: Readonly<Record<ServerName, Launch>>
  /** Command line tools by their usual names. */
  readonly tools: Readonly<Record<string, Command>>
}

/**
 * Prepares Kafka and MinIO for a program that starts them and keeps them running, and returns how to start them. Earlier
 * preparations of the folder stay the same, if their ports are free.
 *
 * @param running running servers, whose ports are in use and stay the same
 */
export async function prepareServers(
  { folder: given, docker = false, log = () => {} }: Pick<ServersOptions, 'folder' | 'docker' | 'log'>,
  running: readonly ServerName[],
): Promise<Prepared> {
  const folder = resolve(given)
  await (docker ? pullImages(log) : installServers(log))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const before = readState(folder)
  await stopServers(folder)
  const { launches, ...state } = await planServers({ folder, docker, keep: true }, before, running)
  writeState(folder, { ...state, processes: [] })
  const broker = state.kafka.brokers[0]!
  const groups = docker ? consumerGroupsToolIn(join(folder, 'kafka')) : consumerGroupsTool(broker)
  return { kafka: state.kafka, s3: state.s3, launches, tools: { 'kafka-consumer-groups': groups } }
}

async function planServers(
  {
    folder,
    ports = {},
    docker,
    keep,
  }: Pick<ServersOptions, 'folder' | 'ports' | 'docker'> & { readonly keep: boolean },
  before: State | undefined,
  running: readonly ServerName[],
) {
  const kafka = ports.kafka ?? (before && portOf(before.kafka.brokers[0]!))
  const s3 = ports.s3 ?? (before && portOf(before.s3.endpoint))
  const [keepsKafka, keepsMinio] = [running.includes('kafka'), running.includes('minio')]
  const free = await freePorts([
    keepsKafka ? undefined : kafka,
    keepsKafka ? undefined : before?.controllerPort,
    keepsMinio ? undefined : s3,
  ])
  const kafkaPort = keepsKafka ? kafka! : free[0]!
  const controllerPort = (keepsKafka && before?.controllerPort) || free[1]!
  const s3Port = keepsMinio ? s3! : free[2]!
  if (ports.kafka !== undefined && ports.kafka !== kafkaPort) throw portTaken('Kafka', ports.kafka)
  if (ports.s3 !== undefined && ports.s3 !== s3Port) throw portTaken('MinIO', ports.s3)
  const { accessKey, secretKey } = before?.s3 ?? newCredentials()
  const [inKafka, inMinio] = [join(folder, 'kafka'), join(folder, 'minio')]
  const credentials = { accessKey, secretKey }
  const launches: Record<ServerName, Launch> = docker
    ? { kafka: kafkaContainer(inKafka, kafkaPort, keep), minio: minioContainer(inMinio, s3Port, credentials, keep) }
    : { kafka: kafkaServer(inKafka, kafkaPort, controllerPort), minio: minioServer(inMinio, s3Port, credentials) }
  return {
    kafka: { brokers: [`127.0.0.1:${kafkaPort}`] },
    s3: { endpoint: `http://127.0.0.1:${s3Port}`, accessKey, secretKey },
    controllerPort,
    launches,
  }
}

/** The running servers of a folder. */
export function runningServers(folder: string): Endpoints | undefined {
  const state = readState(resolve(folder))
  return state && isRunning(state) ? state : undefined
}

export async function stopServers(folder: string): Promise<void> {
  await Promise.all((readState(resolve(folder))?.processes ?? []).map((server) => stopProcess(server)))
}

/** Tools that `startServers` needs and this machine lacks. */
export function lackingTools(): Tool[] {
  return [...new Set([...lacking(KAFKA, [JAVA]), ...lacking(MINIO)])]
}

/** Builds missing servers, once per user. */
export async function installServers(log: (line: string) => void): Promise<void> {
  const missing = lackingTools()
  if (missing.length > 0)
    throw new CairnError('NOT_FOUND', `not installed on this machine: ${missing.map(({ name }) => name).join(', ')}`, {
      next: `${howToInstall(missing)}; or run the servers with Docker: --docker`,
    })
  await Promise.all([install(KAFKA, log), install(MINIO, log)])
}

export function howToInstall(missing: readonly Tool[]): string {
  return `on Debian: apt-get install ${missing.map((tool) => tool.package).join(' ')}`
}

async function startAll(
  folder: string,
  state: Omit<State, 'processes'>,
  launches: readonly Launch[],
  detached: boolean,
  deadlineMs: number,
): Promise<() => void> {
  const processes = launches.map(launch)
  writeState(folder, { ...state, processes })
  const letGo = detached ? () => {} : guard(processes)
  const ready = launches.map((server, index) => untilReady(server, processes[index]!, deadlineMs))
  try {
    await Promise.all(ready)
    return letGo
  } catch (error) {
    await Promise.all(processes.map((server) => stopProcess(server)))
    letGo()
    throw error
  }
}

/** Stops the servers with this process, even if it is killed. Returns a function that dismisses the guard. */
function guard(processes: readonly string[]): () => void {
  const args = [join(import.meta.dirname, `guard${extname(import.meta.url)}`), ...processes]
  const child = spawn(process.execPath, args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.unref()
  const pipe = child.stdin as unknown as { unref(): void; end(): void }
  pipe.unref()
  return () => pipe.end()
}

function stateFile(folder: string): string {
  return join(folder, 'servers.json')
}

function writeState(folder: string, state: State): void {
  writeFileSync(stateFile(folder), JSON.stringify(state), { mode: 0o600 })
}

function readState(folder: string): State | undefined {
  try {
    return JSON.parse(readFileSync(stateFile(folder), 'utf8')) as State
  } catch {
    return undefined
  }
}

function isRunning({ processes }: State): boolean {
  return processes.length > 0 && processes.every((server) => !isGone(server))
}

function newCredentials(): Credentials {
  return { accessKey: `cairn-${randomBytes(6).toString('hex')}`, secretKey: randomBytes(24).toString('base64url') }
}

function portOf(address: string): number {
  return Number(address.split(':').at(-1))
}

function portTaken(server: string, port: number): CairnError {
  return new CairnError('NOT_FOUND', `port ${port} for ${server} is already in use`, {
    next: 'give another port, or leave the option out to use any free port',
  })
}
