import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digest } from './digest.ts'

/** Raise it when an analysis of the same text comes out differently. */
const VERSION = 10
const MOST_ENTRIES = 2_000

/**
 * Remembers what was computed from contents. One file, a line an entry: key, checksum, JSON; a line is only parsed
 * when it is asked for, and a damaged one is as good as none. The last of several writers wins.
 */
export class Cache {
  readonly #file: string | undefined
  readonly #lines: Map<string, string>
  readonly #used = new Map<string, string>()
  #changed = false
  #isSaving = false

  constructor(folder: string | undefined) {
    this.#file = folder && join(folder, `fingerprint-${VERSION}.cache`)
    this.#lines = this.#read()
  }

  get<Value>(key: string): Value | undefined {
    const line = this.#used.get(key) ?? this.#lines.get(key)
    const json = line?.slice(CHECKSUM + 1)
    if (line === undefined || json === undefined || line.slice(0, CHECKSUM) !== checksum(key, json)) return undefined
    this.#used.set(key, line)
    return JSON.parse(json) as Value
  }

  set(key: string, value: unknown): void {
    if (!this.#file) return
    const json = JSON.stringify(value)
    this.#used.set(key, `${checksum(key, json)} ${json}`)
    this.#changed = true
  }

  /** Once, however often it is asked for until this process comes to it. */
  saveSoon(): void {
    if (!this.#file || this.#isSaving) return
    this.#isSaving = true
    setImmediate(() => {
      this.#isSaving = false
      this.save()
    })
  }

  /** Keeps what was used now, and some of what was used before. A cache that cannot be written is no error. */
  save(): void {
    if (!this.#file || !this.#changed) return
    const entries = [...new Map([...this.#used, ...[...this.#read()].filter(([key]) => !this.#used.has(key))])]
    const text = entries
      .slice(0, Math.max(MOST_ENTRIES, this.#used.size))
      .map(([key, line]) => `${key} ${line}\n`)
      .join('')
    const temporary = `${this.#file}.${process.pid}.${Math.random().toString(36).slice(2)}`
    try {
      mkdirSync(join(this.#file, '..'), { recursive: true })
      writeFileSync(temporary, text)
      renameSync(temporary, this.#file)
      this.#changed = false
    } catch {
      discard(temporary)
    }
  }

  #read(): Map<string, string> {
    const lines = new Map<string, string>()
    if (!this.#file) return lines
    try {
      for (const line of readFileSync(this.#file, 'utf8').split('\n')) {
        const end = line.indexOf(' ')
        if (end > 0) lines.set(line.slice(0, end), line.slice(end + 1))
      }
    } catch {
      // No cache yet.
    }
    return lines
  }
}

function discard(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // Nothing was written.
  }
}

const CHECKSUM = 16

function checksum(key: string, json: string): string {
  return digest('cache', [key, json]).slice(0, CHECKSUM)
}
