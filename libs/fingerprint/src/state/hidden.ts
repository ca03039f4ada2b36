import { Thing, NOTHING, Slot, type Site } from './thing.ts'
import { fieldOf } from './fields.ts'
import { slotOf, type Hidden, type World } from './world.ts'
import { isCallable } from './outside.ts'

/**
 * Calls whatever the language may call by itself: getters and setters, `toString`, `then`, `[Symbol.iterator]`, traps. Where
 * code has it called is not looked for: a spread, a `+`, an `await`, a built-in that looks into what it is given.
 */
export class HiddenCalls {
  readonly #world: World
  readonly #called = new Map<Thing, Set<Thing>>()

  constructor(world: World) {
    this.#world = world
  }

  /** Gives whether there was anything that was not called yet. */
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

/** Where a thing that has `then` keeps what it gives to who awaits it. */
export const SETTLED = 'then()'

function functionsIn({ things }: Slot): Thing[] {
  return [...things].flatMap((thing) => {
    if (isCallable(thing)) return [thing]
    if (thing.is.type !== 'accessor') return []
    return [...(thing.is.get?.things ?? []), ...(thing.is.set?.things ?? [])].filter(isCallable)
  })
}

/** A thing, and all that it inherits from. */
function chainOf(thing: Thing): Set<Thing> {
  const chain = new Set([thing])
  for (const each of chain) for (const proto of each.protos.things) chain.add(proto)
  return chain
}
