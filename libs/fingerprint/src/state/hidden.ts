import { Thing, NOTHING, Slot, type Site } from './thing.ts'
import { fieldOf } from './fields.ts'
import { slotOf, type Hidden, type World } from './world.ts'
import { isCallable } from './outside.ts'

/**
 * Calls the functions that the language may call implicitly: getters and setters, `toString`, `then`,
 * `[Symbol.iterator]`, proxy traps. It assumes that they are called, without looking for what calls them: a spread, a
 * `+`, an `await`, or a built-in function that reads its arguments.
 */
export class HiddenCalls {
  readonly #world: World
  readonly #called = new Map<Thing, Set<Thing>>()

  constructor(world: World) {
    this.#world = world
  }

  /** Calls those that have not been called yet; returns whether there were any. */
  callAll(site: Site): boolean {
    const { hidden, made } = this.#world
    const byHolder = new Map<Thing, Hidden[]>()
    for (const each of hidden) {
      if (each.callees.things.size === 0) continue
      const known = byHolder.get(each.holder)
      if (known) known.push(each)
      else byHolder.set(each.holder, [each])
    }
    let isNew = false
    if (byHolder.size > 0)
      for (const thing of made)
        for (const holder of chainOf(thing))
          for (const { callees, given } of byHolder.get(holder) ?? [])
            for (const callee of functionsIn(callees)) if (this.#call(callee, thing, given, site)) isNew = true
    return isNew
  }

  #call(callee: Thing, on: Thing, given: Hidden['given'], site: Site): boolean {
    let called = this.#called.get(callee)
    if (!called) this.#called.set(callee, (called = new Set()))
    if (called.has(on)) return false
    called.add(on)
    const settle = slotOf(this.#world, new Thing({ type: 'native', run: ([value = NOTHING]) => keep(value) }, 'call'))
    const keep = (value: Slot) => this.#world.flow.into(value, fieldOf(this.#world, on, SETTLED))
    this.#world.callThing(callee, {
      self: slotOf(this.#world, on),
      given: given ?? { first: [settle, settle], rest: NOTHING },
      site,
      out: new Slot(),
    })
    return true
  }
}

/** The field for what a thing with a `then` method passes to code that awaits it. */
export const SETTLED = 'then()'

function functionsIn({ things }: Slot): Thing[] {
  return [...things].flatMap((thing) => {
    if (isCallable(thing)) return [thing]
    if (thing.is.type !== 'accessor') return []
    return [...(thing.is.get?.things ?? []), ...(thing.is.set?.things ?? [])].filter(isCallable)
  })
}

/** A thing and everything that it inherits from. */
function chainOf(thing: Thing): Set<Thing> {
  const chain = new Set([thing])
  for (const each of chain) for (const proto of each.protos.things) chain.add(proto)
  return chain
}
