import { CairnError } from '@cairn/kernel'

/** How long an answer is remembered, in milliseconds. */
const REMEMBERED_MS = 5_000
const MAX_REMEMBERED = 1_000

/** Caches briefly which pipelines the project has, because finding out takes a planner. */
export class ProjectPipelines {
  readonly #lookUp: (pipeline: string) => Promise<void>
  readonly #found = new Map<string, { readonly until: number; readonly answer: Promise<void> }>()

  /** @param lookUp checks the project; rejects with NOT_FOUND if it has no such pipeline */
  constructor(lookUp: (pipeline: string) => Promise<void>) {
    this.#lookUp = lookUp
  }

  /** @throws CairnError NOT_FOUND if the project has no such pipeline */
  require(pipeline: string): Promise<void> {
    const found = this.#found.get(pipeline)
    if (found && performance.now() < found.until) return found.answer
    if (this.#found.size >= MAX_REMEMBERED) this.#found.clear()
    const entry = { until: performance.now() + REMEMBERED_MS, answer: this.#lookUp(pipeline) }
    this.#found.set(pipeline, entry)
    entry.answer.catch((error: unknown) => {
      const isAnswer = error instanceof CairnError && error.code === 'NOT_FOUND'
      if (!isAnswer && this.#found.get(pipeline) === entry) this.#found.delete(pipeline)
    })
    return entry.answer
  }
}
