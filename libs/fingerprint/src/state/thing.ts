import type { Dissection } from '../analyse/analyse.ts'
import type { Binding } from '../analyse/scope.ts'
import type { Node } from '../analyse/syntax.ts'
import type { Module } from '../modules.ts'

/** When something is made: while modules load, so that it outlives all calls of a body, or by a call. */
export type Phase = 'load' | 'call'

/** What a thing is. */
export type Is =
  /** An object literal, an instance, a prototype: it has what code gives it. */
  | { readonly type: 'object' }
  /** An array, a map, a set, an iterator, …: its items are one slot, its methods are built in. */
  | {
      readonly type: 'list'
      readonly usedUp?: true
      readonly regex?: string
      readonly bytes?: true
      /** A `Buffer`: parts of it share its bytes, and it may itself be a part of what all buffers share. */
      readonly buffer?: 'own' | 'pooled'
    }
  /** A function or class of the project, and where it was made. */
  | {
      readonly type: 'function'
      readonly node: Node
      readonly env: Env
      readonly of?: Thing
      readonly isStatic?: boolean
    }
  | { readonly type: 'bound'; readonly target: Thing; readonly self: Slot; readonly given: readonly Slot[] }
  /** A function that does what is said here. */
  | { readonly type: 'native'; readonly run: (given: readonly Slot[]) => void }
  | { readonly type: 'accessor'; readonly get?: Slot; readonly set?: Slot }
  /** A global variable, or what is behind one: `Object.assign`. */
  | { readonly type: 'global'; readonly path: string }
  /** All exports of a module. */
  | { readonly type: 'module'; readonly module: Module }
  /** What other code made, a package's or Cairn's, or an export of it. Its parts are taken for itself. */
  | {
      readonly type: 'outside'
      readonly from: 'package' | 'builtin' | 'wasm' | 'cairn' | 'data' | 'proxy'
      readonly isExport: boolean
    }

/** One of the things that code makes in one place: an object, a list, a function. */
export class Thing {
  readonly is: Is
  readonly phase: Phase
  /** The variable that it was made for. */
  readonly label: string | undefined
  readonly fields = new Map<string, Slot>()
  readonly lookups = new Map<string, Slot>()
  /** Who has a copy of its fields, and which fields of those they set anew. */
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

  /** All that is in it, under whatever name. */
  get any(): Slot {
    if (!this.#any) {
      this.#any = new Slot()
      // Its parts are taken for itself; nobody listens to it yet.
      if (this.is.type === 'outside' && this.is.from === 'data') this.#any.held.add(this)
    }
    return this.#any
  }

  /** Where it looks for what it has not got itself. */
  get protos(): Slot {
    return (this.#protos ??= new Slot())
  }

  /** What other code was given when it made this: callbacks, say. */
  get held(): Slot {
    return (this.#held ??= new Slot())
  }

  /** What changes with it: the bytes below a typed array. */
  get views(): Slot {
    return (this.#views ??= new Slot())
  }
}

export type Hear = (thing: Thing) => void

/** The things that an expression may give, or that a variable or a field may hold. It only grows. */
export class Slot {
  /** The slot that stands for this one since the two were found to hold the same. */
  same: Slot | undefined
  readonly held = new Set<Thing>()
  /** What has arrived and is not handed on yet. */
  fresh: Thing[] = []
  readonly targets = new Set<Slot>()
  readonly listeners: Hear[] = []
  /** Targets from which no way back was found. */
  readonly apart = new Set<Slot>()

  get things(): ReadonlySet<Thing> {
    return last(this).held
  }
}

/** Of what gives nothing that could hold state: a number, say. */
export const NOTHING = new Slot()

/** The slot that stands for a slot by now. */
export function last(slot: Slot): Slot {
  let found = slot
  while (found.same) found = found.same
  if (slot !== found && slot.same !== found) slot.same = found
  return found
}

/** A module's tree, and where its imports lead. */
export interface Source {
  readonly module: Module
  readonly dissection: Dissection
}

/** What one call of a function has: all calls that are made of the same function, at the same time, share one. */
export interface Env {
  readonly source: Source
  /** The function, or the whole module. */
  readonly home: Node
  /** The function that was called. */
  readonly fn?: Thing
  readonly phase: Phase
  readonly outer?: Env
  readonly variables: Map<Binding, Slot>
  readonly made: Map<Node, Map<string, Thing>>
  /** Calls of what is not the project's own: there is one for each place and callee. */
  readonly calls: Map<Node, Map<unknown, Call>>
  readonly parameters: Slot[]
  /** All that it was given, after its parameters too. */
  readonly given: Slot
  readonly receiver: Slot
  readonly returned: Slot
}

/** Where code stands, and for which variable it makes something. */
export interface Place {
  readonly env: Env
  readonly label?: string
  /** Of a buffer's bytes only those are asked for that are its own. */
  readonly ownBytes?: true
}

export interface Site extends Place {
  readonly node: Node
}

export interface Given {
  readonly first: readonly Slot[]
  /** What may come at any later place, from a spread. */
  readonly rest: Slot
}

/** A call: of what, on what, with what, where its result goes. */
export interface Call {
  readonly name?: string
  readonly self: Slot
  readonly given: Given
  readonly site: Site
  readonly out: Slot
}
