/** A partition in which nothing goes on: something outside the event fails, and is waited for. */
export interface Standstill {
  readonly partition: number
  /** Of the first event that waits. */
  readonly offset: number
  /** The event's id; undefined where the message is no event and its dead letter cannot be written. */
  readonly event: string | undefined
  /** When the event was handed over first, in milliseconds since 1970. */
  readonly since: number
  /** What failed last. */
  readonly reason: string
}

/** The events of a member that wait for what is outside of them: the store, the bus. */
export class Standstills {
  readonly #waiting = new Map<number, Map<number, Standstill>>()
  readonly #onChange: (standstill: Standstill, isOver: boolean) => void

  /** @param onChange told when a partition comes to a standstill, and when it goes on */
  constructor(onChange: (standstill: Standstill, isOver: boolean) => void) {
    this.#onChange = onChange
  }

  /** Of each partition the first event that waits. */
  get all(): Standstill[] {
    return [...this.#waiting.keys()].sort((a, b) => a - b).map((partition) => this.in(partition)!)
  }

  in(partition: number): Standstill | undefined {
    const waiting = this.#waiting.get(partition)
    return waiting && [...waiting.values()].reduce((first, one) => (one.offset < first.offset ? one : first))
  }

  /** An event has failed for a reason outside of it; may be said again with another reason. */
  add(standstill: Standstill): void {
    const { partition, offset } = standstill
    const waiting = this.#waiting.get(partition) ?? new Map<number, Standstill>()
    const { since } = waiting.get(offset) ?? standstill
    waiting.set(offset, { ...standstill, since })
    if (this.#waiting.has(partition)) return
    this.#waiting.set(partition, waiting)
    this.#onChange(standstill, false)
  }

  /** An event is handled, given up, or left to another member. */
  remove(partition: number, offset: number): void {
    const waiting = this.#waiting.get(partition)
    const standstill = waiting?.get(offset)
    if (!waiting || !standstill) return
    waiting.delete(offset)
    if (waiting.size > 0) return
    this.#waiting.delete(partition)
    this.#onChange(standstill, true)
  }
}

/** For people: which partition, since when, which event, and why. */
export function standstillText({
  topic,
  partition,
  offset,
  event,
  since,
  reason,
}: Standstill & { topic: string }): string {
  const which = event === undefined ? '' : `, event ${event}`
  return `partition ${partition} of ${topic} has been blocked since ${new Date(since).toISOString()} at offset ${offset}${which}: ${reason}`
}
