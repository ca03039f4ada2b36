import type { Node } from '../analyse/syntax.ts'
import type { Links } from '../link.ts'
import type { Module } from '../modules.ts'
import type { Flow } from './flow.ts'
import {
  NOTHING,
  Slot,
  Thing,
  type Call,
  type Env,
  type Given,
  type Is,
  type CodeContext,
  type Site,
  type Source,
} from './thing.ts'

export interface Hidden {
  readonly holder: Thing
  readonly callees: Slot
  /** The arguments of the call. */
  readonly given?: Given
}

/** The state of the analysis of one closure. */
export interface World {
  readonly flow: Flow
  readonly links: Links
  readonly globals: Map<string, Thing>
  /** Everything that is thrown anywhere. Any `catch` may receive it. */
  readonly thrown: Slot
  /** What Cairn's functions return while modules load. */
  readonly steps: Slot
  /** Functions and accessors that the language may call on things that have or inherit them. */
  readonly hidden: Hidden[]
  /** All things in the code, except prototypes of classes. */
  readonly made: Set<Thing>
  sourceOf(module: Module): Source | undefined
  moduleEnv(source: Source): Env
  value(node: Node, place: CodeContext): Slot
  statement(node: Node, place: CodeContext): void
  callThing(callee: Thing, call: Call): void
  construct(callee: Thing, call: Call): void
  /** Notes the changed things that outlive the call. */
  change(things: Slot, site: Site): void
  /** Runs a task when nothing else is left to do, so that it is certain what is not known. */
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

/** The thing that a piece of code makes. There is one for each `Env`, however often the code runs. */
export function make({ env, label }: CodeContext, node: Node, is: Is, world: World, tag: string = is.type): Thing {
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

/** Joins a call with earlier ones of the same callee in the same place. Calls `run` only for the first of them. */
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
