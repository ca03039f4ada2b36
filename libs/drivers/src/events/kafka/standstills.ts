/** A blocked partition: its events wait for the end of an outage, for example of the store. */
export interface Standstill {
  readonly partition: number
  /** Offset of the first event that waits. */
  readonly offset: number
  /** Id of the event; undefined if the message is not a valid event and its dead letter cannot be written. */
  readonly event: string | undefined
  /** Time of the first delivery of the event, in milliseconds since 1970. */
  readonly since: number
  /** Message of the last error. */
  readonly reason: string
}

/** The events of a member that wait for the end of an outage. */
export class Standstills {
  readonly #waiting = new Map<number, Map<number, Standstill>>()
  readonly #onChange: (standstill: Standstill, isOver: boolean) => void

  /** @param onChange called when a partition is blocked, and when it continues */
  constructor(onChange: (standstill: Standstill, isOver: boolean) => void) {
    this.#onChange = onChange
  }

  /** The first waiting event of each partition. */
  get all(): Standstill[] {
    return [...this.#waiting.keys()].sort((a, b) => a - b).map((partition) => this.in(partition)!)
  }

  in(partition: number): Standstill | undefined {
    const waiting = this.#waiting.get(partition)
    return waiting && [...waiting.values()].reduce((first, one) => (one.offset < first.offset ? one : first))
  }

  /** Adds an event that waits. May be called again for the same event with another reason. */
  add(standstill: Standstill): void {
    const { partition, offset } = standstill
    const waiting = this.#waiting.get(partition) ?? new Map<number, Standstill>()
    const { since } = waiting.get(offset) ?? standstill
    waiting.set(offset, { ...standstill, since })
    if (this.#waiting.has(partition)) return
    this.#waiting.set(partition, waiting)
    this.#onChange(standstill, false)
  }

  /** Removes an event that is handled, given up, or left to another member. */
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

/** Describes a standstill in a sentence. */
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
