import { NOTHING, Slot, Thing, type Call } from './thing.ts'
import { COPIED } from './built-in-classes.ts'
import { callLater, isAwaited } from './later.ts'
import { change, changeAll } from './members.ts'
import { BUILT_IN, CHANGING, COPIES, isReading, KEEPING, PARTS } from './methods.ts'
import { handOver, isCallable } from './outside.ts'
import { fieldOf, ITEM, putAccessor } from './fields.ts'
import { allGiven, make, slotOf, type World } from './world.ts'

/** Follows a call of a built-in method, of which only the name is known. */
export function callNative(name: string, call: Call, world: World): void {
  const { flow } = world
  const { self, given, site, out } = call
  const items = new Slot()
  const all = allGiven(given, world)
  const returned = new Slot()
  flow.each(self, (on) => {
    flow.into(on.any, items)
    changeBy(name, on, call, world)
    if (KEEPING.has(name)) flow.into(all, fieldOf(world, on, ITEM))
    if (name === 'compile') flow.put(fieldOf(world, on, COPIED), new Thing({ type: 'list', regex: 'g' }, on.phase))
    if (name.startsWith('__define'))
      putAccessor(world, on, ITEM, new Thing({ type: 'accessor', get: all, set: all }, on.phase))
    if (name.startsWith('__lookup')) flow.into(on.any, out)
  })
  callBack(name, { items, self, returned }, call, world)
  if (OF_SETS.has(name)) handOver(all, NOTHING, site, world) // calls methods of a set-like argument

  if (name === 'encodeInto' || name === 'copy')
    changeAll(given.first.at(name === 'copy' ? 0 : 1) ?? NOTHING, site, world)
  if (/^(replace|replaceAll|match|search|split)$/.test(name))
    flow.each(given.first[0] ?? NOTHING, (thing) => {
      onMoving(thing, /y/, () => change(thing, site, world), world)
    })

  // On an iterator, these return an iterator that consumes it.
  if (/^(map|filter|take|drop|flatMap)$/.test(name))
    flow.each(self, (on) => {
      if (on.is.type === 'list' && on.is.usedUp) holds(flow.union(items, returned), '@@iterator', call, world)
    })
  if (name === 'map') return holds(returned, name, call, world)
  if (name === 'subarray' || name === 'compile') flow.into(self, out)
  if (name === 'slice' || name.startsWith('swap'))
    flow.each(self, (on) => on.is.type === 'list' && on.is.buffer && flow.put(out, on))
  if (PARTS.has(name)) for (const part of [items, returned, all]) flow.into(part, out)
  if (/^(sort|reverse|fill|copyWithin|add|set|valueOf)$/.test(name)) flow.into(self, out)
  if (name === 'then' || name === 'catch' || name === 'finally')
    for (const part of [returned, self]) flow.into(part, out)
  if (name === 'next' || name === 'splice' || COPIES.has(name) || name === '@@iterator')
    holds(flow.union(items, returned, partsOf(all, world)), name, call, world)
}

const ITERATORS = new Set(['keys', 'values', 'entries', 'matchAll', '@@iterator'])

function holds(parts: Slot, name: string, { site, out }: Call, world: World): void {
  const list = make(
    site,
    site.node,
    { type: 'list', ...(ITERATORS.has(name) && { usedUp: true }) },
    world,
    `of ${name}`,
  )
  const { flow } = world
  flow.into(parts, fieldOf(world, list, ITEM))
  if (/^(entries|next|flat|flatMap|matchAll|values|@@iterator)$/.test(name)) {
    // Pairs and nested lists.
    const inner = make(site, site.node, { type: 'object' }, world, `in ${name}`)
    flow.into(parts, fieldOf(world, inner, ITEM))
    flow.put(fieldOf(world, list, ITEM), inner)
    if (name === 'next') flow.put(out, inner)
    flow.each(parts, (part) => part.is.type === 'list' && flow.into(part.any, fieldOf(world, list, ITEM)))
  }
  flow.put(out, list)
}

/** Everything in the things, however code reads it. */
function partsOf(things: Slot, { flow }: World): Slot {
  const parts = new Slot()
  flow.each(things, (thing) => {
    if (thing.is.type === 'outside') flow.put(parts, thing)
    flow.into(thing.any, parts)
  })
  return parts
}

/** Calls the functions that a method receives with its items, as the method does. */
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
  if (name === 'then' || name === 'catch') parameters.splice(0, 3, flow.union(self, items, world.thrown))
  if (name === 'forEach') parameters.splice(1, 1, items) // the keys of a map
  const isLater = site.env.phase === 'load' && /^(then|catch|finally)$/.test(name) && !isAwaited(site)
  for (const [index, slot] of [...given.first, given.rest].entries()) {
    const others = isBuiltIn
      ? NOTHING
      : flow.union(...given.first.filter((_, at) => at !== index).flatMap((other) => [other, partsOf(other, world)]))
    const first = parameters.map((parameter) => flow.union(parameter, others))
    flow.each(slot, (thing) => {
      if (!isCallable(thing) && thing.is.type !== 'global') return
      if (isLater) callLater(thing, { site }, world)
      world.callThing(thing, {
        self: given.first[index + 1] ?? NOTHING,
        given: { first, rest: NOTHING },
        site,
        out: returned,
      })
    })
  }
}

/** A method changes its object unless it is known not to. */
function changeBy(name: string, on: Thing, { given, site }: Call, world: World): void {
  const changes = () => change(on, site, world)
  // When a text is decoded in parts, the decoder keeps what is incomplete.
  if (CHANGING.has(name) || /^(write|set|__define)[A-Z]/.test(name) || (name === 'decode' && given.first.length > 1))
    return changes()
  if (on.is.type === 'list') {
    if (on.is.usedUp) return changes()
    if (MATCHING.has(name)) return onMoving(on, /[gy]/, changes, world)
    if (name !== ITEM) return isReading(name) || OF_BLOBS.has(name) ? undefined : changes()
    // Either an item is called, or a method whose name is not known.
    world.later(() => ![...on.any.things].some(isCallable) && changes())
  } else if (on.is.type === 'object')
    onSubclass(on, world, () => {
      if (!isReading(name) || MATCHING.has(name)) changes()
      const key = `handed over ${site.env.phase}`
      if (on.lookups.has(key)) return
      on.lookups.set(key, NOTHING)
      handOver(slotOf(world, on), NOTHING, site, world)
    })
}

/** Acts if the class of an object extends a built-in class, whose methods may call methods of the object. */
function onSubclass(on: Thing, world: World, act: () => void, seen = new Set<Thing>()): void {
  if (seen.has(on)) return
  seen.add(on)
  world.flow.each(on.protos, (proto) => (proto.is.type === 'global' ? act() : onSubclass(proto, world, act, seen)))
}

const MATCHING = new Set(['exec', 'test', '@@match', '@@split', '@@search', '@@replace'])
/** Reading a `Blob` does not change it. Reading a `Response`, which is not a list, consumes it. */
const OF_BLOBS = new Set(['text', 'bytes', 'arrayBuffer'])
const OF_SETS = new Set([
  'union',
  'intersection',
  'difference',
  'symmetricDifference',
  'isSubsetOf',
  'isSupersetOf',
  'isDisjointFrom',
])

/** Acts if a match with this regular expression moves its `lastIndex`. */
function onMoving({ is, fields }: Thing, flags: RegExp, act: () => void, world: World): void {
  if (is.type !== 'list' || is.regex === undefined) return
  if (flags.test(is.regex)) return act()
  const copied = fields.get(COPIED)
  if (copied) world.flow.each(copied, (from) => onMoving(from, flags, act, world))
}
