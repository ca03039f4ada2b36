import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digest } from './digest.ts'

/** Increment this when the analysis of the same text gives a different result. */
const VERSION = 10
const MOST_ENTRIES = 2_000

/**
 * Caches values computed from file contents, in one file. Each line is an entry: key, checksum, JSON. A line is parsed
 * only when its entry is requested. An entry with a wrong checksum counts as missing. If several processes write, the
 * last one wins. Without a folder, nothing is cached.
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

  /** Saves once, in the next turn of the event loop, however often this is called before. */
  saveSoon(): void {
    if (!this.#file || this.#isSaving) return
    this.#isSaving = true
    setImmediate(() => {
      this.#isSaving = false
      this.save()
    })
  }

  /** Writes the entries used by this process, then older ones up to 2,000 in total. Ignores write errors. */
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
      // There is no cache yet, or it cannot be read.
    }
    return lines
  }
}

function discard(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // A leftover temporary file does no harm.
  }
}

const CHECKSUM = 16

function checksum(key: string, json: string): string {
  return digest('cache', [key, json]).slice(0, CHECKSUM)
}
