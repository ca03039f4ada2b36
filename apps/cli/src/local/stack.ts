import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isGone } from '@cairn/drivers/process-id'
import type { Connection } from '@cairn/drivers/connection'
import { contextFolder } from '@cairn/embedded'

/** A process of the local stack. */
export interface Service {
  readonly name: string
  /** The program. */
  readonly main: string
  /** Its probes' address and, of control, that of all else. */
  readonly url: string
  readonly env: Readonly<Record<string, string>>
}
/** Which processes run: their names tell whether they still do. */
export interface Running {
  readonly keeper: string
  readonly services: Readonly<Record<string, string>>
}

/** What `cairn up` keeps in the project's folder, readable to its owner only. */
export class Stack {
  readonly root: string
  readonly folder: string

  constructor(root: string) {
    this.root = root
    this.folder = join(root, '.cairn', 'stack')
    mkdirSync(this.folder, { recursive: true, mode: 0o700 })
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
  /** Processes that were started and still run. */
  get running(): Running | undefined {
    return readJson<Running>(this.runningFile)
  }
  get isKept(): boolean {
    const { running } = this
    return running !== undefined && !isGone(running.keeper)
  }
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
  writeFileSync(`${file}.new`, text, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
