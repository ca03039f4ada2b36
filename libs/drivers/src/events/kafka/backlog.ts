import { sizeIn, type Incoming } from './message.ts'

/** Half of this must keep the handlers busy while a paused partition is resumed, which takes up to `fetchWait`. */
const FULL = 2_000
const FULL_BYTES = 4 << 20

/** The messages of a partition that wait for a handler. */
export class Backlog {
  #messages: Incoming[] = []
  #bytes = 0

  get length(): number {
    return this.#messages.length
  }
  get isFull(): boolean {
    return this.length > FULL || this.#bytes > FULL_BYTES
  }
  get isLow(): boolean {
    return this.length <= FULL / 2 && this.#bytes <= FULL_BYTES / 2
  }

  add(message: Incoming): void {
    this.#messages.push(message)
    this.#bytes += sizeIn(message)
  }

  putBack(message: Incoming): void {
    this.#messages.unshift(message)
    this.#bytes += sizeIn(message)
  }

  take(): Incoming | undefined {
    const message = this.#messages.shift()
    if (message) this.#bytes -= sizeIn(message)
    return message
  }

  /** Removes and returns the messages below an offset, by default all. */
  drop(below = Infinity): Incoming[] {
    const dropped = this.#messages.filter(({ offset }) => offset < below)
    this.#messages = this.#messages.filter(({ offset }) => offset >= below)
    for (const message of dropped) this.#bytes -= sizeIn(message)
    return dropped
  }
}
