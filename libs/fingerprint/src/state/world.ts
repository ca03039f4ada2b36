import type { Dissection } from '../analyse/analyse.ts'
import type { Binding } from '../analyse/scope.ts'
import type { Node } from '../analyse/syntax.ts'
import type { Links } from '../link.ts'
import type { Module } from '../modules.ts'
import { NOTHING, Slot, type Flow } from './flow.ts'
import { Thing, type Is, type Phase } from './thing.ts'

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

export interface Hidden {
  readonly holder: Thing
  readonly callees: Slot
  /** What it is called with. */
  readonly given?: Given
}

/** All that is known of the code of one closure. */
export interface World {
  readonly flow: Flow
  readonly links: Links
  readonly globals: Map<string, Thing>
  /** What is thrown anywhere: who catches may get any of it. */
  readonly thrown: Slot
  /** What Cairn made. */
  readonly steps: Slot
  /** Functions, and accessors, that the language may call on what has them, or inherits them. */
  readonly hidden: Hidden[]
  /** All that code made, apart from prototypes of classes. */
  readonly made: Set<Thing>
  sourceOf(module: Module): Source | undefined
  moduleEnv(source: Source): Env
  value(node: Node, place: Place): Slot
  statement(node: Node, place: Place): void
  callThing(callee: Thing, call: Call): void
  construct(callee: Thing, call: Call): void
  /** Notes what outlives the call that changes it. */
  change(things: Slot, site: Site): void
  /** Does it once nothing else is left to do, and so is known what is not known. */
  later(task: () => void): void
  note(thing: Thing | string, site: Site): void
}

export function makeEnv(fields: Pick<Env, 'source' | 'home' | 'phase' | 'fn' | 'outer'>): Env {
  return {
    ...fields,
    variables: new Map(),
    made: new Map(),
    calls: new Map(),
    parameters: [],
    given: new Slot(),
    receiver: new Slot(),
    returned: new Slot(),
  }
}

/** The thing that a piece of code makes; one for all times that it runs, apart from loading. */
export function make({ env, label }: Place, node: Node, is: Is, world: World, tag: string = is.type): Thing {
  let made = env.made.get(node)
  if (!made) env.made.set(node, (made = new Map()))
  let thing = made.get(tag)
  if (!thing) {
    made.set(tag, (thing = new Thing(is, env.phase, label)))
    world.made.add(thing)
  }
  return thing
}

export function slotOf({ flow }: World, thing: Thing): Slot {
  const slot = new Slot()
  flow.put(slot, thing)
  return slot
}

export function argument({ first, rest }: Given, index: number, { flow }: World): Slot {
  return flow.union(first[index] ?? NOTHING, rest)
}

export function allGiven({ first, rest }: Given, { flow }: World): Slot {
  return flow.union(...first, rest)
}

/** Joins a call with the earlier ones of the same callee in the same place; the first is what `run` is for. */
export function joinCall(callee: unknown, call: Call, world: World, run: (joined: Call) => void): void {
  const { flow } = world
  const { calls } = call.site.env
  let known = calls.get(call.site.node)
  if (!known) calls.set(call.site.node, (known = new Map()))
  let joined = known.get(callee)
  const isNew = !joined
  if (!joined) {
    const first = call.given.first.map(() => new Slot())
    known.set(callee, (joined = { ...call, self: new Slot(), given: { first, rest: new Slot() }, out: new Slot() }))
  }
  flow.into(call.self, joined.self)
  for (const [index, slot] of call.given.first.entries())
    flow.into(slot, joined.given.first[index] ?? joined.given.rest)
  flow.into(call.given.rest, joined.given.rest)
  flow.into(joined.out, call.out)
  if (isNew) run(joined)
}
