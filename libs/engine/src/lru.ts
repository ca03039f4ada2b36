interface Entry<Value> {
  readonly value: Promise<Value>
  weight: number
}

/**
 * An LRU cache with a limit on total weight. It always keeps the newest value, whatever its weight. A value is made
 * once, even when several callers ask for it at the same time.
 */
export class Lru<Value> {
  readonly #limit: number
  readonly #weigh: (value: Value) => number
  readonly #entries = new Map<string, Entry<Value>>()
  #weight = 0

  /**
   * @param weigh returns the weight of a value
   * @default every value weighs 1
   */
  constructor(limit: number, weigh: (value: Value) => number = () => 1) {
    this.#limit = limit
    this.#weigh = weigh
  }

  get(name: string, make: () => Promise<Value>): Promise<Value> {
    return this.find(name) ?? this.set(name, make())
  }

  /** Returns a cached value; undefined when there is none. */
  find(name: string): Promise<Value> | undefined {
    const entry = this.#entries.get(name)
    if (!entry) return undefined
    this.#entries.delete(name) // moves it to the end: the first in the map is dropped first
    this.#entries.set(name, entry)
    return entry.value
  }

  set(name: string, value: Promise<Value>): Promise<Value> {
    this.#drop(name)
    const entry: Entry<Value> = { value, weight: 1 }
    this.#entries.set(name, entry)
    this.#weight += entry.weight
    value.then(
      (made) => this.#updateWeight(name, entry, made),
      () => this.#entries.get(name) === entry && this.#drop(name),
    )
    this.#trim()
    return value
  }

  #updateWeight(name: string, entry: Entry<Value>, made: Value): void {
    if (this.#entries.get(name) !== entry) return
    const weight = this.#weigh(made)
    this.#weight += weight - entry.weight
    entry.weight = weight
    this.#trim()
  }

  #trim(): void {
    for (const name of this.#entries.keys()) {
      if (this.#weight <= this.#limit || this.#entries.size === 1) return
      this.#drop(name)
    }
  }

  #drop(name: string): void {
    this.#weight -= this.#entries.get(name)?.weight ?? 0
    this.#entries.delete(name)
  }
}
