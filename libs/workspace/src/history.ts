import type { Durations } from '@cairn/drivers/compute'
import { JsonFile } from './json-file.ts'

/** Recent durations of steps in milliseconds, by pipeline and step. */
export class History {
  readonly #file: JsonFile<number[]>

  constructor(path: string) {
    this.#file = new JsonFile(path, 10_000)
  }

  /** Returns the median of the recent runs, and their number; undefined for a step that has not run. */
  expected(pipeline: string, step: string): { readonly ms: number; readonly runs: number } | undefined {
    const times = this.#times(`${pipeline}/${step}`)
    if (times.length === 0) return undefined
    const sorted = [...times].sort((a, b) => a - b)
    return { ms: sorted[Math.floor(sorted.length / 2)]!, runs: times.length }
  }

  /** Whether no durations are known. */
  get isEmpty(): boolean {
    return this.#file.isEmpty
  }

  /** Returns the longest of the recent runs; undefined for a step that has not run. */
  longest(pipeline: string, step: string): number | undefined {
    const times = this.#times(`${pipeline}/${step}`)
    return times.length > 0 ? Math.max(...times) : undefined
  }

  add(pipeline: string, step: string, ms: number): void {
    const key = `${pipeline}/${step}`
    const rounded = Math.round(ms * 100) / 100
    this.#file.set(key, [...this.#times(key), rounded].slice(-KEPT))
  }

  /** Returns the durations of one pipeline's steps. */
  of(pipeline: string): Durations {
    return { longest: (step) => this.longest(pipeline, step), add: (step, ms) => this.add(pipeline, step, ms) }
  }

  /** The file is only a cache and may hold anything, so the value is checked. */
  #times(key: string): number[] {
    const known: unknown = this.#file.get(key)
    return Array.isArray(known) ? known.filter((ms) => typeof ms === 'number') : []
  }

  save(): void {
    this.#file.save()
  }
}

const KEPT = 5
