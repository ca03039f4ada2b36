import { NOTHING, Slot } from './flow.ts'
import { change, changeAll, iterate } from './members.ts'
import { BUILT_IN, CHANGING, COPIES, KEEPING, PARTS } from './methods.ts'
import { isCallable } from './outside.ts'
import { fieldOf, ITEM, type Thing } from './thing.ts'
import { allGiven, make, type Call, type World } from './world.ts'

/** Calls a method that is built in, on things of which nothing else is known. */
export function callNative(name: string, call: Call, world: World): void {
  const { flow } = world
  const { self, given, site, out } = call
  const items = new Slot()
  const all = allGiven(given, world)
  const returned = new Slot()
  // A text in several parts: the decoder keeps what a part leaves open.
  const isChanging =
    CHANGING.has(name) || /^(write|set)[A-Z]/.test(name) || (name === 'decode' && given.first.length > 1)
  flow.each(self, (on) => {
    flow.into(on.any, items)
    if (isChanging || movesPlace(name, on) || (on.is.type === 'list' && on.is.usedUp)) change(on, site, world)
    if (KEEPING.has(name)) flow.into(all, fieldOf(world, on, ITEM))
  })
  callBack(name, { items, self, returned }, call, world)

  if (name === 'encodeInto' || name === 'copy')
    changeAll(given.first.at(name === 'copy' ? 0 : 1) ?? NOTHING, site, world)
  if (/^(replace|replaceAll|match)$/.test(name))
    flow.each(given.first[0] ?? NOTHING, (thing) => {
      if (thing.is.type === 'list' && thing.is.regex?.includes('y')) change(thing, site, world)
    })

  if (name === 'map') return holds(returned, name, call, world)
  if (name === 'subarray' || name === 'compile') flow.into(self, out)
  if (PARTS.has(name)) for (const part of [items, returned, all]) flow.into(part, out)
  if (/^(sort|reverse|fill|copyWithin|add|set|valueOf)$/.test(name)) flow.into(self, out)
  if (name === 'then' || name === 'catch' || name === 'finally')
    for (const part of [returned, self]) flow.into(part, out)
  if (name === 'next' || name === 'splice' || COPIES.has(name) || name === '@@iterator')
    holds(flow.union(items, returned, iterate(all, site, world)), name, call, world)
}

const ITERATORS = new Set(['keys', 'values', 'entries', 'matchAll', '@@iterator'])

function holds(parts: Slot, name: string, { site, out }: Call, world: World): void {
  const list = make(site, site.node, { type: 'list', ...(ITERATORS.has(name) && { usedUp: true }) }, `of ${name}`)
  const { flow } = world
  flow.into(parts, fieldOf(world, list, ITEM))
  if (/^(entries|next|flat|flatMap|matchAll|values|@@iterator)$/.test(name)) {
    // Pairs, and lists of lists.
    const inner = make(site, site.node, { type: 'object' }, `in ${name}`)
    flow.into(parts, fieldOf(world, inner, ITEM))
    flow.put(fieldOf(world, list, ITEM), inner)
    if (name === 'next') flow.put(out, inner)
    flow.each(parts, (part) => part.is.type === 'list' && flow.into(part.any, fieldOf(world, list, ITEM)))
  }
  flow.put(out, list)
}

/** Functions that a method is given are called with its items, as each method does. */
function callBack(
  name: string,
  { items, self, returned }: { readonly items: Slot; readonly self: Slot; readonly returned: Slot },
  { given, site }: Call,
  world: World,
): void {
  const { flow } = world
  const isBuiltIn = BUILT_IN.has(name)
  const parameters = [items, NOTHING, self]
  if (name === 'reduce' || name === 'reduceRight')
    parameters.splice(0, 3, flow.union(returned, given.first[1] ?? items), items, NOTHING, self)
  if (name === 'sort' || name === 'toSorted') parameters.splice(0, 3, items, items)
  if (name === 'then') parameters.splice(0, 3, flow.union(self, items))
  if (name === 'forEach') parameters.splice(1, 1, items) // a map's keys
  for (const [index, slot] of [...given.first, given.rest].entries()) {
    const others = isBuiltIn
      ? NOTHING
      : flow.union(
          ...given.first.filter((_, at) => at !== index).flatMap((other) => [other, iterate(other, site, world)]),
        )
    const first = parameters.map((parameter) => flow.union(parameter, others))
    flow.each(slot, (thing) => {
      if (!isCallable(thing) && thing.is.type !== 'global') return
      world.callThing(thing, {
        self: given.first[index + 1] ?? NOTHING,
        given: { first, rest: NOTHING },
        site,
        out: returned,
      })
    })
  }
}

/** Whether matching with it moves its `lastIndex`. */
function movesPlace(name: string, { is }: Thing): boolean {
  return is.type === 'list' && is.regex !== undefined && /^(exec|test)$/.test(name) && /[gy]/.test(is.regex)
}
