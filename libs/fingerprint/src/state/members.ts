import type { Node } from '../analyse/syntax.ts'
import { NOTHING, Slot, Thing, type Site } from './thing.ts'
import { callLater } from './later.ts'
import { CHANGING } from './methods.ts'
import { handOver, isCallable } from './outside.ts'
import { fieldOf, globalMember, globalOf, ITEM, lookup } from './fields.ts'
import { exportOf } from './variables.ts'
import { make, slotOf, type World } from './world.ts'

/** The name under which a member, a property or a field is stored. The index of an item does not matter. */
export function nameOf(key: Node, computed: boolean): string {
  if (!computed) return key.type === 'PrivateIdentifier' ? `#${key.name}` : String(key.name ?? key.value)
  if (key.type === 'Literal' && typeof key.value === 'string') return key.value
  const isSymbol = key.type === 'MemberExpression' && !key.computed && key.object.name === 'Symbol'
  return isSymbol ? `@@${key.property.name}` : ITEM
}

/** The things that reading a member of any of the objects may give. */
export function read(objects: Slot, name: string, site: Site, world: World): Slot {
  const isPrototype = name === 'constructor' || name === '__proto__'
  if (objects === NOTHING && !isPrototype) return NOTHING
  const out = new Slot()
  if (isPrototype) world.later(() => out.things.size === 0 && world.flow.put(out, globalOf(world, BUILT_IN_PROTOTYPE)))
  world.flow.each(objects, (thing) => readOne(thing, name, out, site, world))
  return out
}

export function readOne(thing: Thing, name: string, out: Slot, site: Site, world: World): void {
  const { flow } = world
  switch (thing.is.type) {
    case 'outside':
      flow.put(out, thing)
      if (site.env.phase === 'call') handOver(thing.held, NOTHING, site, world)
      break
    case 'global': {
      if (thing.is.path === 'RegExp' && LAST_MATCH.test(name) && site.env.phase === 'call')
        world.note(`RegExp.${name}`, site)
      const member = globalMember(world, thing.is.path, name)
      if (member) flow.put(out, member)
      break
    }
    case 'module':
      for (const exported of name === ITEM ? world.links.exportNames(thing.is.module) : [name])
        flow.into(exportOf(thing.is.module, exported, world), out)
      return
    case 'function':
      if (name === 'prototype') prototypeOf(thing, world)
      break
    case 'list':
      if (thing.is.buffer === 'pooled' && PLACE_IN_POOL.test(name) && site.env.phase === 'call' && !site.ownBytes)
        world.note('the offset in the shared Buffer pool', site)
      if (name === 'buffer' && !thing.is.bytes) flow.put(fieldOf(world, thing, name), bufferOf(thing, world))
      else if (CHANGING.has(name) || /^(exec|test|decode)$|^(set|write)[A-Z]/.test(name))
        flow.put(out, globalOf(world, `Array.prototype.${name}`))
      break
    case 'object':
    case 'bound':
    case 'native':
    case 'accessor':
      break
  }
  flow.into(got(thing, name, site, world), out)
}

/** Properties of `RegExp` that describe the last match of any code in the process. */
const LAST_MATCH = /^(\$.|\*|input|last(Match|Paren)|(left|right)Context)$/

/**
 * Properties that show where a buffer is in the shared pool. Code that also reads its length uses only its own bytes.
 */
const PLACE_IN_POOL = /^(buffer|byteOffset|parent|offset)$/

/** What reading a name of a thing gives. Calls getters. */
function got(thing: Thing, name: string, site: Site, world: World): Slot {
  return remembered(thing, `get ${site.env.phase} ${name}`, (out) => {
    if (name === '__proto__') world.flow.into(thing.protos, out)
    world.flow.each(lookup(world, thing, name), (found) => {
      if (found.is.type !== 'accessor') world.flow.put(out, found)
      else if (found.is.get) callEach(found.is.get, slotOf(world, thing), [], out, site, world)
    })
  })
}

/** The slot for what is written to a name of a thing. Calls setters. */
function set(thing: Thing, name: string, site: Site, world: World): Slot {
  return remembered(thing, `set ${site.env.phase} ${name}`, (value) => {
    world.flow.into(value, fieldOf(world, thing, name))
    if (name === '__proto__') world.flow.into(value, thing.protos)
    world.flow.each(lookup(world, thing, name), ({ is }) => {
      if (is.type === 'accessor' && is.set) callEach(is.set, slotOf(world, thing), [value], new Slot(), site, world)
    })
  })
}

function remembered({ lookups }: Thing, key: string, begin: (slot: Slot) => void): Slot {
  let slot = lookups.get(key)
  if (slot) return slot
  lookups.set(key, (slot = new Slot()))
  begin(slot)
  return slot
}

/** Follows an assignment to a member. */
export function write(objects: Slot, name: string, value: Slot, site: Site, world: World): void {
  const { flow } = world
  flow.each(objects, (thing) => {
    change(thing, site, world)
    flow.into(value, set(thing, name, site, world))
    if (thing.is.type !== 'outside') return
    flow.into(value, thing.held)
    handOver(thing.held, value, site, world)
    if (thing.is.from === 'builtin' && site.env.phase === 'load')
      flow.each(value, (listener) => isCallable(listener) && callLater(listener, { site }, world))
  })
}

/** Notes a change if a call of the body changes something that outlives the call. */
export function change(thing: Thing, site: Site, world: World): void {
  if (site.env.phase === 'call' && thing.phase === 'load') world.note(thing, site)
  world.flow.each(thing.views, (viewed) => change(viewed, site, world))
}

export function changeAll(things: Slot, site: Site, world: World): void {
  world.flow.each(things, (thing) => change(thing, site, world))
}

/** The items that iterating gives, as with `for … of` and `...`. */
export function iterate(things: Slot, site: Site, world: World): Slot {
  if (things === NOTHING) return NOTHING
  const items = new Slot()
  world.flow.each(things, (thing) => iterateOne(thing, items, site, world))
  return items
}

function iterateOne(thing: Thing, items: Slot, site: Site, world: World): void {
  const { flow } = world
  if (thing.is.type === 'outside') {
    flow.put(items, thing)
    if (thing.is.from === 'builtin') change(thing, site, world) // for example a stream
  }
  if (thing.is.type === 'list' || thing.is.type === 'outside') {
    if (thing.is.type === 'list' && thing.is.usedUp) change(thing, site, world)
    flow.into(thing.any, items)
    return
  }
  flow.into(
    remembered(thing, `items ${site.env.phase}`, (items) => itemsOf(thing, items, site, world)),
    items,
  )
}

/** The items of an object that implements iteration itself. */
function itemsOf(thing: Thing, items: Slot, site: Site, world: World): void {
  const { flow } = world
  const call = (method: string, on: Thing) => {
    const out = new Slot()
    callEach(lookup(world, on, method), slotOf(world, on), [], out, site, world)
    return out
  }
  flow.each(thing.protos, (proto) => {
    if (proto.is.type !== 'object') flow.into(thing.any, items) // its class extends a list class
  })
  for (const method of ['@@iterator', '@@asyncIterator'])
    flow.each(call(method, thing), (iterator) => {
      if (iterator.is.type === 'list') return iterateOne(iterator, items, site, world)
      flow.each(call('next', iterator), (next) => flow.into(lookup(world, next, 'value'), items))
      call('return', iterator)
    })
}

/** The path of what `x.constructor` and `x.__proto__` give if code did not make that object. */
export const BUILT_IN_PROTOTYPE = 'a built-in class'

function callEach(callees: Slot, self: Slot, first: readonly Slot[], out: Slot, site: Site, world: World): void {
  world.flow.each(callees, (callee) => world.callThing(callee, { self, given: { first, rest: NOTHING }, site, out }))
}

export function prototypeOf(fn: Thing, world: World): Thing {
  const { env, node } = fn.is as Extract<Thing['is'], { type: 'function' }>
  const made = make(
    { env, ...(fn.label !== undefined && { label: fn.label }) },
    node,
    { type: 'object' },
    world,
    'prototype',
  )
  world.made.delete(made)
  world.flow.put(fieldOf(world, fn, 'prototype'), made)
  world.flow.put(fieldOf(world, made, 'constructor'), fn)
  return made
}

/** The bytes of a typed array. Changing them changes the array. */
function bufferOf(list: Thing, world: World): Thing {
  const [known] = fieldOf(world, list, 'buffer').things
  if (known) return known
  const buffer = new Thing({ type: 'list', bytes: true }, list.phase, list.label)
  world.flow.put(buffer.views, list)
  return buffer
}
