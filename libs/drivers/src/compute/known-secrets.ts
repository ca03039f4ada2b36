import type { Secrets } from '@cairn/secrets'

/** All secrets that a process has received, for any step. */
export class KnownSecrets {
  #all: Secrets = {}

  /** Adds the secrets of the next work, and returns all secrets. Their names are arbitrary. */
  add(secrets: Secrets): Secrets {
    const values = new Set(Object.values(this.#all))
    const more = Object.values(secrets).filter((value) => !values.has(value))
    // The same object while nothing is new, because masking caches its patterns by object.
    if (more.length > 0) this.#all = Object.fromEntries([...values, ...more].entries())
    return this.#all
  }
}
