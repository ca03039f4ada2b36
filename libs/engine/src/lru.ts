interface Kept<Value> {
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
  readonly #values = new Map<string, Kept<Value>>()
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
    const kept = this.#values.get(name)
    if (!kept) return undefined
    this.#values.delete(name) // moves it to the end: the first in the map is dropped first
    this.#values.set(name, kept)
    return kept.value
  }

  set(name: string, value: Promise<Value>): Promise<Value> {
    this.#drop(name)
    const kept: Kept<Value> = { value, weight: 1 }
    this.#values.set(name, kept)
    this.#weight += kept.weight
    value.then(
      (made) => this.#weighAgain(name, kept, made),
      () => this.#values.get(name) === kept && this.#drop(name),
    )
    this.#trim()
    return value
  }

  #weighAgain(name: string, kept: Kept<Value>, made: Value): void {
    if (this.#values.get(name) !== kept) return
    const weight = this.#weigh(made)
    this.#weight += weight - kept.weight
    kept.weight = weight
    this.#trim()
  }

  #trim(): void {
    for (const name of this.#values.keys()) {
      if (this.#weight <= this.#limit || this.#values.size === 1) return
      this.#drop(name)
    }
  }

  #drop(name: string): void {
    this.#weight -= this.#values.get(name)?.weight ?? 0
    this.#values.delete(name)
  }
}
