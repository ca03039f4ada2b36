/** Remembers the values that were asked for last; each is made once, however many ask for it at a time. */
export class Recent<Value> {
  readonly #limit: number
  readonly #values = new Map<string, Promise<Value>>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get(name: string, make: () => Promise<Value>): Promise<Value> {
    const known = this.#values.get(name)
    if (known) return known
    const made = make()
    made.catch(() => this.#values.delete(name))
    return this.set(name, made)
  }

  set(name: string, value: Promise<Value>): Promise<Value> {
    this.#values.delete(name)
    this.#values.set(name, value)
    if (this.#values.size > this.#limit) this.#values.delete(this.#values.keys().next().value!)
    return value
  }
}
