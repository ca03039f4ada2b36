import type { Unit } from './analyse/analyse.ts'
import { CHANGED, DEEP, LOADED, PASSED, USED } from './analyse/touch.ts'
import { builtinReach } from './analyse/reach-rules.ts'
import type { External, Links, Part } from './link.ts'

/** Top-level code that changes state while its module loads. */
export interface Writer {
  readonly part: Part
  /** The parts that it may change. */
  readonly written: ReadonlySet<Part>
  /** Whether it may change state that no module declares: globals, or the state of a package. */
  readonly changesGlobals: boolean
}

/**
 * Statements that attach functions to a part which run without being called: `Object.defineProperty(o, 'n', { get })`.
 */
export type Hung = ReadonlyMap<Part, readonly Part[]>

/** What a piece of code changes when it runs, apart from what the code that it calls changes. */
interface Changes {
  readonly unknown: boolean
  readonly globals: boolean
  /** It calls code outside the project. That counts as a change only if the result is unused. */
  readonly outside: boolean
  readonly parts: readonly Part[]
}

/** The references between all parts that run while modules load. */
export class LoadGraph {
  readonly #links: Links
  readonly #changes = new Map<Part, Changes>()
  readonly #read = new Map<Part, ReadonlySet<Part>>()
  readonly #active: ReadonlySet<Part>

  readonly #hung: Hung

  constructor(links: Links, roots: readonly Part[], hung: Hung) {
    this.#links = links
    this.#hung = hung
    const referrers = new Map<Part, Part[]>()
    const running = new Set(roots)
    const reached = new Set(roots)
    for (const part of reached)
      for (const target of this.#held(part, running.has(part))) {
        reached.add(target)
        append(referrers, target, part)
      }
    const active = new Set([...reached].filter((part) => hasChanges(this.#changesOf(part))))
    for (const part of active) for (const referrer of referrers.get(part) ?? []) active.add(referrer)
    this.#active = active
  }

  /** Whether running the part may change anything outside it. */
  changesAnything(part: Part): boolean {
    return this.#active.has(part)
  }

  /** The state that loading the part changes; undefined if loading it changes nothing outside it. */
  writer(part: Part): Writer | undefined {
    const isStatement = unitOf(part)?.what === 'statement'
    const closure = this.#closure(part)
    const written = new Set<Part>()
    let changesGlobals = false
    const holdsOutside = [...closure].some((inner) => this.#holdsOutside(inner))
    const asksPrototypes = [...closure].some(({ code }) => code.asksPrototypes)
    for (const inner of closure) {
      const { unknown, globals, outside, parts } = this.#changesOf(inner)
      const changesHeld = unknown || parts.length > 0
      changesGlobals ||= globals || (outside && isStatement) || (holdsOutside && changesHeld)
      if (asksPrototypes && changesHeld) for (const made of closure) if (isClass(made)) written.add(made)
      if (unknown) this.#addHeld(written, closure)
      // A changed object may expose everything that it holds, and may from now on hold everything that was passed to
      // it.
      if (parts.length > 0 || (outside && isStatement))
        for (const handed of this.#held(inner, inner === part)) this.#addHeld(written, this.#closure(handed))
      for (const changed of parts) this.#addHeld(written, this.#closure(changed).add(changed)).add(changed)
    }
    if (!isStatement && !part.code.changesItself) written.delete(part)
    return written.size > 0 || changesGlobals ? { part, written, changesGlobals } : undefined
  }

  /**
   * Adds parts that can change. A function is added only if it is passed as a value, so that code could set a property
   * of it.
   */
  #addHeld(to: Set<Part>, held: Iterable<Part>): Set<Part> {
    for (const part of held) {
      if (!isFixed(part)) to.add(part)
      const links = this.#links.of(part)
      for (const [index, touch] of part.code.touches.entries()) {
        const target = touch & PASSED ? links[index]!.target : undefined
        if (target && 'part' in target && unitOf(target.part)?.what !== 'value') to.add(target.part)
      }
    }
    return to
  }

  /** The parts that loading this part may read. Inert code reads variables, but not the contents of objects. */
  readBy(part: Part): ReadonlySet<Part> {
    let read = this.#read.get(part)
    if (!read) this.#read.set(part, (read = part.code.inert ? this.#loadedBy(part) : this.#closure(part)))
    return read
  }

  #loadedBy(part: Part): Set<Part> {
    const { touches } = part.code
    const loaded = this.#links.of(part).filter((_, index) => touches[index]! & LOADED)
    return new Set(loaded.flatMap(({ target }) => ('part' in target ? [target.part] : [])))
  }

  #closure(part: Part): Set<Part> {
    const closure = new Set([part])
    for (const inner of closure) for (const target of this.#held(inner, inner === part)) closure.add(target)
    return closure
  }

  /**
   * The parts that a part refers to, if their code could run. A fixed value passes nothing on: neither its own parts
   * nor the steps of a pipeline. If the part is loaded `itself`, only the references that loading may use count.
   */
  #held(part: Part, itself: boolean): Part[] {
    if (!itself && isFixed(part) && unitOf(part)?.what === 'value') return []
    const { touches } = part.code
    const held = this.#links.of(part).flatMap(({ target }, index) => {
      const isPutOff = itself && touches[index] === 0
      return 'part' in target && !isPutOff ? [target.part] : []
    })
    return [...held, ...(this.#hung.get(part) ?? [])]
  }

  /** Whether it passes on an object that no module of the project declares: a global, or one of a package. */
  #holdsOutside(part: Part): boolean {
    const links = this.#links.of(part)
    const isTaken = (touch: number, index: number) => {
      const { target } = links[index]!
      return (touch & PASSED) !== 0 && 'external' in target && mattersOutside(target.external)
    }
    return part.code.holdsGlobals === true || part.code.touches.some(isTaken)
  }

  #changesOf(part: Part): Changes {
    let changes = this.#changes.get(part)
    if (!changes) this.#changes.set(part, (changes = this.#findChanges(part)))
    return changes
  }

  #findChanges(part: Part): Changes {
    const { code } = part
    const parts: Part[] = code.changesItself ? [part] : []
    let unknown = code.changesUnknown === true
    let globals = code.changesGlobals === true
    let outside = code.callsGlobals === true
    const links = this.#links.of(part)
    for (const [index, touch] of code.touches.entries()) {
      const target = links[index]!.target
      if ((touch & USED) === 0) continue
      if ('external' in target) {
        globals ||= (touch & CHANGED) !== 0
        outside ||= mattersOutside(target.external)
      } else if ('part' in target) {
        if (isMadeBy(target.part, part)) parts.push(part)
        // The effects of a fixed value's own methods are found in their code.
        if (touch & (CHANGED | DEEP) || !isFixed(target.part)) parts.push(target.part)
        unknown ||= (touch & DEEP) !== 0 // anything that it refers to may hold the result
      }
    }
    return { unknown, globals, outside, parts }
  }
}

/**
 * Whether the part is a value that a call of the generator may have returned. Iterating over such a value changes it.
 */
function isMadeBy(generator: Part, part: Part): boolean {
  return generator.code.generates === true && unitOf(part)?.what === 'value'
}

/** Cairn's own functions do not affect the code of steps. Neither do Node's pure functions. */
function mattersOutside({ resolved, name }: External): boolean {
  if (resolved.type === 'builtin') return builtinReach(resolved.name, [name]) !== undefined
  return resolved.type === 'package'
}

function hasChanges({ unknown, globals, outside, parts }: Changes): boolean {
  return unknown || globals || outside || parts.length > 0
}

function unitOf({ type, module, index }: Part): Unit | undefined {
  return type === 'unit' ? module.analysis.units[index] : undefined
}

function isClass(part: Part): boolean {
  return /^(function|class)$/.test(unitOf(part)?.what ?? '')
}

function isFixed(part: Part): boolean {
  return unitOf(part)?.fixed === true
}

export function append<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key)
  if (values) values.push(value)
  else map.set(key, [value])
}
