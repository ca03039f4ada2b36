import type { Dissection } from '../analyse/analyse.ts'
import type { Binding } from '../analyse/scope.ts'
import type { Node } from '../analyse/syntax.ts'
import type { Module } from '../modules.ts'

/** When something is made: while modules load, so that it outlives all calls of a body, or during a call. */
export type Phase = 'load' | 'call'

/** The type of a thing. */
export type Is =
  /** An object literal, an instance or a prototype, with the fields that code sets. */
  | { readonly type: 'object' }
  /** An array, map, set, iterator or similar. Its items share one slot, and its methods are built in. */
  | {
      readonly type: 'list'
      readonly usedUp?: true
      readonly regex?: string
      readonly bytes?: true
      /**
       * A `Buffer`. Its slices share its bytes. If it is `pooled`, it may itself be a slice of the pool of all buffers.
       */
      readonly buffer?: 'own' | 'pooled'
    }
  /** A function or class of the project, and the `Env` that it was created in. */
  | {
      readonly type: 'function'
      readonly node: Node
      readonly env: Env
      readonly of?: Thing
      readonly isStatic?: boolean
    }
  | { readonly type: 'bound'; readonly target: Thing; readonly self: Slot; readonly given: readonly Slot[] }
  /** A function that the analysis itself implements. */
  | { readonly type: 'native'; readonly run: (given: readonly Slot[]) => void }
  | { readonly type: 'accessor'; readonly get?: Slot; readonly set?: Slot }
  /** A global variable, or something that it leads to: `Object.assign`. */
  | { readonly type: 'global'; readonly path: string }
  /** All exports of a module, as an object. */
  | { readonly type: 'module'; readonly module: Module }
  /**
   * Something from code that is not analysed, such as a package or Cairn, or an export of such code. Its parts are
   * represented by the thing itself.
   */
  | {
      readonly type: 'outside'
      readonly from: 'package' | 'builtin' | 'wasm' | 'cairn' | 'data' | 'proxy'
      readonly isExport: boolean
    }

/** Represents everything that code makes in one place: an object, a list, a function. */
export class Thing {
  readonly is: Is
  readonly phase: Phase
  /** The variable that it is made for. */
  readonly label: string | undefined
  readonly fields = new Map<string, Slot>()
  readonly lookups = new Map<string, Slot>()
  /** The things that have a copy of its fields, with the fields that each of them overrides. */
  readonly copies = new Map<Thing, ReadonlySet<string>>()
  #any: Slot | undefined
  #protos: Slot | undefined
  #held: Slot | undefined
  #views: Slot | undefined

  constructor(is: Is, phase: Phase, label?: string) {
    this.is = is
    this.phase = phase
    this.label = label
  }

  /** Everything in it, under any name. */
  get any(): Slot {
    if (!this.#any) {
      this.#any = new Slot()
      // Its parts are represented by the thing itself. The slot has no listeners yet.
      if (this.is.type === 'outside' && this.is.from === 'data') this.#any.held.add(this)
    }
    return this.#any
  }

  /** Its prototypes, where a lookup continues. */
  get protos(): Slot {
    return (this.#protos ??= new Slot())
  }

  /** What the code that made it received, for example callbacks. */
  get held(): Slot {
    return (this.#held ??= new Slot())
  }

  /** What changes with it: the bytes of a typed array. */
  get views(): Slot {
    return (this.#views ??= new Slot())
  }
}

export type Listener = (thing: Thing) => void

/** The set of things that an expression may evaluate to, or that a variable or field may hold. It only grows. */
export class Slot {
  /** The slot that this one was merged into. */
  mergedInto: Slot | undefined
  readonly held = new Set<Thing>()
  /** Things that have arrived but have not been passed on. */
  fresh: Thing[] = []
  readonly targets = new Set<Slot>()
  readonly listeners: Listener[] = []
  /** Targets from which no path leads back. */
  readonly apart = new Set<Slot>()

  get things(): ReadonlySet<Thing> {
    return representative(this).held
  }
}

/** The slot of values without state, such as numbers. */
export const NOTHING = new Slot()

/** The slot that a slot was merged into, directly or not, or the slot itself: the root of its union-find tree. */
export function representative(slot: Slot): Slot {
  let found = slot
  while (found.mergedInto) found = found.mergedInto
  if (slot !== found && slot.mergedInto !== found) slot.mergedInto = found
  return found
}

/** A module with its syntax tree. */
export interface Source {
  readonly module: Module
  readonly dissection: Dissection
}

/** The variables and arguments of a call. Calls of a function from one place, in the same phase, share one. */
export interface Env {
  readonly source: Source
  /** The function or class member that runs; for a module, its program. */
  readonly home: Node
  /** The function that was called. */
  readonly fn?: Thing
  readonly phase: Phase
  readonly outer?: Env
  readonly variables: Map<Binding, Slot>
  readonly made: Map<Node, Map<string, Thing>>
  /** Calls of code that is not the project's own: one for each place and callee. */
  readonly calls: Map<Node, Map<unknown, Call>>
  readonly parameters: Slot[]
  /** All arguments, including those after the last parameter. */
  readonly given: Slot
  readonly receiver: Slot
  readonly returned: Slot
}

/** Where code is, and the variable for which it makes something. */
export interface CodeContext {
  readonly env: Env
  readonly label?: string
  /** The code uses only the bytes of the buffer itself. */
  readonly ownBytes?: true
}

export interface Site extends CodeContext {
  readonly node: Node
}

export interface Given {
  readonly first: readonly Slot[]
  /** Arguments that may be in any later position, from a spread. */
  readonly rest: Slot
}

/** A call: name of the method, receiver, arguments, place, and slot for the result. */
export interface Call {
  readonly name?: string
  readonly self: Slot
  readonly given: Given
  readonly site: Site
  readonly out: Slot
}
