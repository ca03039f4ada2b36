interface Kept<Value> {
  readonly value: Promise<Value>
  weight: number
}

/**
 * Keeps the values that were used last, up to a total weight, and the last one whatever it weighs. A value is made once, even if
 * several ask for it at the same time.
 */
export class Lru<Value> {
  readonly #limit: number
  readonly #weigh: (value: Value) => number
  readonly #values = new Map<string, Kept<Value>>()
  #weight = 0

  /** @param weigh by default each value weighs 1 */
  constructor(limit: number, weigh: (value: Value) => number = () => 1) {
    this.#limit = limit
    this.#weigh = weigh
  }

  get(name: string, make: () => Promise<Value>): Promise<Value> {
    return this.find(name) ?? this.set(name, make())
  }

  /** Undefined where none is kept. */
  find(name: string): Promise<Value> | undefined {
    const kept = this.#values.get(name)
    if (!kept) return undefined
    this.#values.delete(name) // used last, so forgotten last
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
