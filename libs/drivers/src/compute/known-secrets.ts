import type { Secrets } from '@cairn/secrets'

/** The secrets that a process has been given, of any step. */
export class KnownSecrets {
  #all: Secrets = {}

  /** Adds those of the work that is about to begin; gives all. */
  with(secrets: Secrets): Secrets {
    const values = new Set(Object.values(this.#all))
    const more = Object.values(secrets).filter((value) => !values.has(value))
    // The same object as long as nothing is new: patterns are made once for it.
    if (more.length > 0) this.#all = Object.fromEntries([...values, ...more].entries())
    return this.#all
  }
}
