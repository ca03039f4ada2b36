import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * A cache in a file that processes share over time. Processes that write at once may lose each other's additions,
 * nothing more. An unreadable file counts as empty.
 */
export class JsonFile<Value> {
  readonly #path: string
  readonly #limit: number
  #values: Map<string, Value> | undefined
  #changed = false

  /** @param limit maximum number of entries; the most recently added or read are kept */
  constructor(path: string, limit: number) {
    this.#path = path
    this.#limit = limit
  }

  get isEmpty(): boolean {
    return this.#read().size === 0
  }

  get(key: string): Value | undefined {
    const values = this.#read()
    const value = values.get(key)
    if (value !== undefined && values.delete(key)) values.set(key, value) // dropped last
    return value
  }

  set(key: string, value: Value): void {
    const values = this.#read()
    values.delete(key)
    values.set(key, value)
    this.#changed = true
  }

  save(): void {
    if (!this.#changed) return
    const kept = [...this.#read()].slice(-this.#limit)
    const aside = `${this.#path}.${process.pid}`
    try {
      mkdirSync(dirname(this.#path), { recursive: true })
      writeFileSync(aside, JSON.stringify(Object.fromEntries(kept)))
      renameSync(aside, this.#path)
      this.#changed = false
    } catch {
      // The disk is full or read-only. Everything here can be computed again.
    }
  }

  #read(): Map<string, Value> {
    this.#values ??= this.#load()
    return this.#values
  }

  #load(): Map<string, Value> {
    try {
      return new Map(Object.entries(JSON.parse(readFileSync(this.#path, 'utf8')) as Record<string, Value>))
    } catch {
      return new Map()
    }
  }
}
