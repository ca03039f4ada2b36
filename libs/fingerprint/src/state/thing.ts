import type { Module } from '../modules.ts'
import type { Node } from '../analyse/syntax.ts'
import { Slot } from './flow.ts'
import { BUILT_IN } from './methods.ts'
import type { Env, World } from './world.ts'

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

/** The name of a field that is not known: an item, a computed key. */
export const ITEM = '*'

/** What a class and its prototype have of each other; nothing goes through that. */
const OWN: ReadonlySet<string> = new Set(['prototype', 'constructor', 'new()'])

/** Where a thing keeps what it has under a name. */
export function fieldOf(world: World, thing: Thing, name: string): Slot {
  let slot = thing.fields.get(name)
  if (slot) return slot
  thing.fields.set(name, (slot = new Slot()))
  if (OWN.has(name)) return slot
  if (isHidden(name, thing)) world.hidden.push({ holder: thing, callees: slot })
  world.flow.into(slot, thing.any)
  if (thing.is.type === 'global' && /\.prototype$|^a built-in/.test(thing.is.path))
    world.flow.into(slot, fieldOf(world, onBuiltIns(world), name))
  for (const [copy, except] of thing.copies) if (!except.has(name)) world.flow.into(slot, fieldOf(world, copy, name))
  return slot
}

/** Keeps an accessor under a name; it may be called wherever code goes through all that a thing has. */
export function putAccessor(world: World, thing: Thing, name: string, accessor: Thing): void {
  const own = new Slot()
  world.flow.put(own, accessor)
  world.flow.into(own, fieldOf(world, thing, name))
  world.hidden.push({ holder: thing, callees: own })
}

/** Whether the language may call a function of this name by itself: for `+x`, `await x`, `${x}`, `x instanceof y`. */
function isHidden(name: string, { is }: Thing): boolean {
  if (is.type === 'global') return true // who calls what code has put there cannot be told
  if (name === ITEM) return is.type === 'object' || is.type === 'function' // `[iterator]() {}`
  return name.startsWith('@@') || HIDDEN.has(name)
}
const HIDDEN = new Set(['toString', 'valueOf', 'toLocaleString', 'toJSON', 'then', 'handleEvent'])

export function copyFields(world: World, from: Thing, to: Thing, except: ReadonlySet<string> = OWN): void {
  if (from === to || from.copies.has(to)) return
  from.copies.set(to, except)
  for (const [name, slot] of [...from.fields])
    if (!OWN.has(name) && !except.has(name)) world.flow.into(slot, fieldOf(world, to, name))
}

/** All that a name may stand for on a thing, its prototypes included. Accessors are as they are. */
export function lookup(world: World, thing: Thing, name: string): Slot {
  const known = thing.lookups.get(name)
  if (known) return known
  const found = new Slot()
  thing.lookups.set(name, found)
  const { flow } = world
  flow.into(name === ITEM ? thing.any : fieldOf(world, thing, name), found)
  // What is asked of a list by name is a method, no item.
  if (name !== ITEM && thing.is.type !== 'list') flow.into(fieldOf(world, thing, ITEM), found)
  flow.each(thing.protos, (proto) => {
    if (proto.is.type === 'global') {
      if (BUILT_IN.has(name)) flow.put(found, globalOf(world, `${proto.is.path}.${name}`))
    } else if (proto.is.type === 'outside') flow.put(found, proto)
    else flow.into(lookup(world, proto, name), found)
  })
  return found
}

/** What code has put on prototypes of built-in classes, by name: any value may have it. */
export function onBuiltIns({ globals }: World): Thing {
  let thing = globals.get('')
  if (!thing) globals.set('', (thing = new Thing({ type: 'object' }, 'load')))
  return thing
}

/** A global variable, or what is known behind it. All that is behind `process` and `globalThis` is one thing each. */
export function globalOf({ globals, made }: World, path: string): Thing {
  let thing = globals.get(path)
  if (!thing) {
    globals.set(path, (thing = new Thing({ type: 'global', path }, 'load', path)))
    made.add(thing)
  }
  return thing
}

/** A member of a global variable: a function, for all that is known. */
export function globalMember(world: World, path: string, name: string): Thing | undefined {
  if (name === ITEM || /^[A-Z_\d]{2,}$/.test(name)) return undefined // a constant
  return globalOf(world, /^(globalThis|global|self)$/.test(path) ? name : `${path}.${name}`)
}
