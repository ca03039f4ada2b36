import { representative, NOTHING, Slot, type Listener, type Thing } from './thing.ts'

/** The maximum number of steps, which take less than a second. Most closures take a few thousand. */
const MAX_STEPS = 1_000_000

/** How many slots to search for a cycle. A cycle that is not found only costs time. */
const MAX_SEARCHED = 100

/** Thrown if the closure has more code than the analysis can follow. */
export class TooMuchCode extends Error {}

/**
 * Passes things from slot to slot. Each thing is passed on once, and slots in a cycle are merged, so the work grows
 * with the size of the result.
 */
export class Flow {
  readonly #waiting: Slot[] = []
  #steps = 0

  put(to: Slot, thing: Thing): void {
    if (to !== NOTHING) this.#add(representative(to), thing)
  }

  /** Calls back for every thing that the slot holds now or will hold. */
  each(from: Slot, listener: Listener): void {
    if (from === NOTHING) return
    const slot = representative(from)
    // The things that it holds already arrive through a separate slot, so that no listener receives one twice.
    if (slot.held.size === slot.fresh.length) return void slot.listeners.push(listener)
    const own = new Slot()
    own.listeners.push(listener)
    this.#connect(slot, own)
  }

  into(from: Slot, to: Slot): void {
    if (from !== to && from !== NOTHING && to !== NOTHING) this.#connect(representative(from), representative(to))
  }

  union(...slots: readonly Slot[]): Slot {
    const some = slots.filter((slot) => slot !== NOTHING)
    if (some.length < 2) return some[0] ?? NOTHING
    const all = new Slot()
    for (const slot of some) this.into(slot, all)
    return all
  }

  /**
   * Passes things on until nothing changes.
   *
   * @throws TooMuchCode if that takes too many steps
   */
  settle(): void {
    for (let next = this.#waiting.pop(); next; next = this.#waiting.pop()) {
      const slot = representative(next)
      const { fresh } = slot
      if (fresh.length === 0) continue
      slot.fresh = []
      this.#steps += fresh.length * slot.listeners.length
      if (this.#steps > MAX_STEPS) throw new TooMuchCode()
      for (const target of slot.targets) this.#handOn(slot, representative(target), fresh)
      for (const listener of [...slot.listeners]) for (const thing of fresh) listener(thing)
    }
  }

  #connect(from: Slot, to: Slot): void {
    if (from === to || from.targets.has(to)) return
    from.targets.add(to)
    for (const thing of from.held) this.#add(to, thing)
  }

  #add(slot: Slot, thing: Thing): boolean {
    this.#steps++
    if (slot.held.has(thing)) return false
    slot.held.add(thing)
    if (slot.fresh.push(thing) === 1) this.#waiting.push(slot)
    return true
  }

  #handOn(from: Slot, to: Slot, things: readonly Thing[]): void {
    if (from === to) return
    let isNew = false
    for (const thing of things) if (this.#add(to, thing)) isNew = true
    if (isNew || to.held.size !== from.held.size || from.apart.has(to)) return
    from.apart.add(to)
    for (const each of this.#wayBack(to, from)) this.#merge(from, each)
  }

  #merge(into: Slot, gone: Slot): void {
    if (into === gone) return
    gone.mergedInto = into
    for (const thing of gone.held) this.#add(into, thing)
    for (const target of gone.targets) this.#connect(into, representative(target))
    if (gone.listeners.length === 0) return
    // They receive the things that they have not received yet, and all later ones.
    const behind = new Slot()
    behind.listeners.push(...gone.listeners)
    const waiting = new Set(gone.fresh)
    for (const thing of gone.held) if (!waiting.has(thing)) behind.held.add(thing)
    this.#connect(into, behind)
  }

  /** The slots on a path from one slot to another; empty if no path is found. */
  #wayBack(from: Slot, to: Slot): Slot[] {
    const seen = new Map<Slot, Slot | undefined>([[from, undefined]])
    const rest = [from]
    for (let next = rest.pop(); next && seen.size < MAX_SEARCHED; next = rest.pop())
      for (const target of next.targets) {
        const slot = representative(target)
        this.#steps++
        if (seen.has(slot)) continue
        seen.set(slot, next)
        if (slot !== to) {
          rest.push(slot)
          continue
        }
        const way: Slot[] = []
        for (let at: Slot | undefined = next; at; at = seen.get(at)) way.push(at)
        return way
      }
    return []
  }
}
