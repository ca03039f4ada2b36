import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { ignoreInGit } from '@cairn/files'
import { dirname, join } from 'node:path'
import { holderOf, whileLocked } from '@cairn/drivers/lock'
import { isGone, isHere } from '@cairn/drivers/process-id'
import type { Connection } from '@cairn/drivers/connection'
import {
  contextFolder,
  refuseCopiedStack,
  stackPlaceAt,
  stackPlaceFile,
  stackPlaceOf,
  type StackPlace,
} from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'

/** A process of the local stack. */
export interface Service {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Its health address; for control also the address of its API. */
  readonly url: string
  /** How to check that it is ready. */
  readonly probe: 'http' | 'kafka' | 'minio'
  /** Digest of everything that it depends on: a process with another version is replaced. */
  readonly version: string
  /** Digests of the connection file and of its program's sources, if it depends on them. */
  readonly connection?: string
  readonly built?: string
  /** Its Docker container, if it runs in one. */
  readonly container?: string
}

/** What the supervisor records of the processes that it watches. */
export interface Running {
  readonly supervisor: string
  /** When it started supervising. */
  readonly since?: string
  /** Process names by service name. */
  readonly services: Readonly<Record<string, string>>
  /** By service name, including services that are between two processes. */
  readonly watch?: Readonly<Record<string, Watch>>
}
export interface Watch {
  readonly version: string
  /** When the current process started, or the last one ended. */
  readonly since: string
  readonly restarts: number
  /** How the last process ended. */
  readonly ended?: string
}

/** Long enough for an `up` that has to build Kafka and MinIO first. */
const LOCKED_MS = 40 * 60_000

/** The files that `cairn up` keeps in the project's folder, readable only by the owner. */
export class Stack {
  readonly root: string
  readonly folder: string

  /** @throws CairnError CONFLICT in a copy of the project that owns the services */
  constructor(root: string) {
    refuseCopiedStack(root, stackPlaceOf(root))
    this.root = root
    this.folder = join(root, '.cairn', 'stack')
    mkdirSync(this.folder, { recursive: true, mode: 0o700 })
  }

  /** Records that the services in this folder belong to this project. */
  recordOwner(): void {
    ignoreInGit(dirname(this.folder))
    writeJson(stackPlaceFile(this.root), stackPlaceAt(this.root))
  }
  get place(): StackPlace | undefined {
    return stackPlaceOf(this.root)
  }

  /** The folder of Kafka and MinIO. */
  get servers(): string {
    return join(this.folder, 'servers')
  }
  get connectionFile(): string {
    return join(this.folder, 'connection.json')
  }
  get tokensFile(): string {
    return join(this.folder, 'tokens.json')
  }
  /** The key that control signs plans with. */
  get signingKeyFile(): string {
    return join(this.folder, 'control.pem')
  }
  /** The public keys whose plans the stages run. */
  get plansByFile(): string {
    return join(this.folder, 'plans-by.json')
  }
  get servicesFile(): string {
    return join(this.folder, 'services.json')
  }
  get runningFile(): string {
    return join(this.folder, 'running.json')
  }
  /** Held by the supervisor for as long as it lives. */
  get supervisorLock(): string {
    return join(this.folder, 'supervisor.lock')
  }
  /** A tool for operating the servers: `kafka-consumer-groups`. */
  tool(name: string): string {
    return join(this.folder, 'bin', name)
  }
  get contextFile(): string {
    return join(contextFolder(this.root), 'local.json')
  }
  log(service: string): string {
    return join(this.folder, 'logs', `${service.replace('/', '.')}.log`)
  }

  get services(): readonly Service[] {
    return readJson<Service[]>(this.servicesFile) ?? []
  }
  get connection(): Connection | undefined {
    return readJson<Connection>(this.connectionFile)
  }
  /** The last record of the supervisor, which may have died since. */
  get running(): Running | undefined {
    return readJson<Running>(this.runningFile)
  }
  get isSupervised(): boolean {
    const { running } = this
    return running !== undefined && !isGone(running.supervisor)
  }

  /** Runs an operation on the stack while no other command does. */
  async locked<Result>(note: (line: string) => void, work: () => Promise<Result>): Promise<Result> {
    const { running } = this
    if (running && !isHere(running.supervisor))
      throw new CairnError(
        'NOT_FOUND',
        `the services of this project were started on the machine ${running.supervisor.split('/')[0]}`,
        {
          next: `cairn down on that machine; if it was renamed and none of them is running, delete ${this.runningFile}`,
        },
      )
    return whileLocked(this.#lock, 'starting or stopping the services of this project', LOCKED_MS, note, work)
  }

  /** Whether another command is starting or stopping services. */
  get isLocked(): boolean {
    const holder = holderOf(this.#lock)
    return holder !== undefined && !isGone(holder)
  }

  get #lock(): string {
    return join(this.folder, 'lock')
  }
}

/** The context of these services, and the name of its token. */
export const LOCAL = 'local'
/** Also the name under which control signs plans. */
export const CONTROL = 'control'

/** Kafka and MinIO: the other services need them. */
export function isServer({ probe }: Service): boolean {
  return probe !== 'http'
}

/** The process of a service, if it runs. */
export function processOf(running: Running | undefined, service: string): string | undefined {
  const process = running?.services[service]
  return process === undefined || isGone(process) ? undefined : process
}

/** @throws CairnError BAD_RECORD for a file that is not JSON: it was edited, or was being written in a power cut */
export function readJson<Value>(file: string): Value | undefined {
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Value
  } catch (cause) {
    throw new CairnError('BAD_RECORD', `${file} is not valid JSON`, { cause, next: 'correct it, or delete it' })
  }
}

export function writeJson(file: string, value: unknown): void {
  writeText(file, `${JSON.stringify(value, null, 2)}\n`)
}

/** Writes a file atomically, readable only by its owner. */
export function writeText(file: string, text: string): void {
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.${process.pid}.new`, text, { mode: 0o600 })
  renameSync(`${file}.${process.pid}.new`, file)
}
