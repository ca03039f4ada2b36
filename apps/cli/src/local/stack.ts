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
  /** Where it answers. Of control that is also the address of its API. */
  readonly url: string
  /** How to tell that it is ready. */
  readonly probe: 'http' | 'kafka' | 'minio'
  /** Of all that it depends on: a process of another version is replaced. */
  readonly version: string
  /** What Docker calls it, if it runs there. */
  readonly container?: string
}

/** What the supervisor tells of the processes that it watches. */
export interface Running {
  readonly supervisor: string
  /** When it took over. */
  readonly since?: string
  /** Names of processes by those of services. */
  readonly services: Readonly<Record<string, string>>
  /** By names of services, those between two processes included. */
  readonly watch?: Readonly<Record<string, Watch>>
}
export interface Watch {
  readonly version: string
  /** When the present process was started, or the last one ended. */
  readonly since: string
  readonly restarts: number
  /** Of the last process. */
  readonly ended?: string
}

/** An `up` that has to build Kafka and MinIO first takes that long. */
const LOCKED_MS = 40 * 60_000

/** What `cairn up` keeps in the project's folder, readable to its owner only. */
export class Stack {
  readonly root: string
  readonly folder: string

  /** @throws CairnError CONFLICT in a copy of a project whose services it is */
  constructor(root: string) {
    refuseCopiedStack(root, stackPlaceOf(root))
    this.root = root
    this.folder = join(root, '.cairn', 'stack')
    mkdirSync(this.folder, { recursive: true, mode: 0o700 })
  }

  /** Records that the services in this folder are those of the project that it lies in. */
  settle(): void {
    ignoreInGit(dirname(this.folder))
    writeJson(stackPlaceFile(this.root), stackPlaceAt(this.root))
  }
  get place(): StackPlace | undefined {
    return stackPlaceOf(this.root)
  }

  /** Of Kafka and MinIO. */
  get servers(): string {
    return join(this.folder, 'servers')
  }
  get connectionFile(): string {
    return join(this.folder, 'connection.json')
  }
  get tokensFile(): string {
    return join(this.folder, 'tokens.json')
  }
  /** What control signs plans with. */
  get signingKeyFile(): string {
    return join(this.folder, 'control.pem')
  }
  /** The public keys of those whose plans the stages run. */
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
  /** Of those who operate the servers: `kafka-consumer-groups`. */
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
  /** What was told last, also by a supervisor that has died since. */
  get running(): Running | undefined {
    return readJson<Running>(this.runningFile)
  }
  get isSupervised(): boolean {
    const { running } = this
    return running !== undefined && !isGone(running.supervisor)
  }

  /** Does something to the stack while no other command does. */
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

/** Also the name by which control signs plans. */
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

export function readJson<Value>(file: string): Value | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Value) : undefined
}

export function writeJson(file: string, value: unknown): void {
  writeText(file, `${JSON.stringify(value, null, 2)}\n`)
}

/** Whole or not at all, and for its owner only. */
export function writeText(file: string, text: string): void {
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.${process.pid}.new`, text, { mode: 0o600 })
  renameSync(`${file}.${process.pid}.new`, file)
}
