import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Facts that can be found again, kept from one process to the next in a file. Processes that write at the same time may
 * lose one another's additions, never more; an unreadable file counts as empty.
 */
export class JsonFile<Value> {
  readonly #path: string
  readonly #limit: number
  #values: Map<string, Value> | undefined
  #changed = false

  /** @param limit entries that are kept: those that were added or asked for last */
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
    if (value !== undefined && values.delete(key)) values.set(key, value) // so that it is dropped later than others
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
      // A full or read-only disk: everything here can be found again.
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
