import { constructGlobal, makeProxy, viewBytes } from './built-in-classes.ts'
import { NOTHING, Slot, Thing, type Call } from './thing.ts'
import { BUILT_IN_PROTOTYPE, changeAll, iterate, nameOf, readOne } from './members.ts'
import { CHANGING, CHANGING_GLOBALS, HOLDING_GLOBALS, ITERATING_GLOBALS, PASSING_GLOBALS } from './methods.ts'
import { callLater } from './later.ts'
import { callNative } from './natives.ts'
import { isCallable } from './outside.ts'
import { copyFields, fieldOf, globalOf, ITEM, lookup, putAccessor } from './fields.ts'
import { allGiven, argument, make, slotOf, type World } from './world.ts'

const LATER = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'process.nextTick'])

/** Global functions that never change their arguments. */
const READING =
  /^(Object|Reflect|Array|\w+Array|JSON|Math|Number|String|Boolean|BigInt|Symbol|Promise|Iterator|Map|Set|Intl|Temporal|Date|Buffer|URL|Proxy|console|is[A-Z]\w*|parse\w+|\w*code\w*|escape|unescape|atob|btoa|structuredClone|set[A-Z]\w*|clear[A-Z]\w*|queueMicrotask|Error|\w+Error|RegExp|ArrayBuffer|process\.nextTick)\b/
/** Global functions that return a number, a string or something else without state. */
const GIVING_NOTHING =
  /^(Math|Number|Boolean|BigInt|Symbol|Intl|Temporal|Date|console|Atomics|performance|process|crypto|is[A-Z]\w*|parse\w+|\w*code\w*|escape|unescape|atob|btoa)\b|^String\b|^(Object|Reflect|Array|Buffer|JSON|ArrayBuffer|URL)\.(is\w*|has\w*|stringify|byteLength|compare|set|canParse|deleteProperty|preventExtensions|createObjectURL)$/
/** Global functions that return something new, which shares nothing with other objects. */
const GIVING_NEW =
  /^(structuredClone|JSON\.\w+|(Object|Reflect)\.(keys|ownKeys|getOwnPropertyNames|getOwnPropertySymbols))$/

/** Calls a global function by its path. */
export function callGlobal(path: string, call: Call, world: World): void {
  const { flow } = world
  const { given, site, out } = call
  const name = path.replace(/^((globalThis|global|self)\.)+/, '')
  const method = name.slice(name.lastIndexOf('.') + 1)
  if (/\.prototype\.[^.]+$/.test(name)) {
    return callNative(method, call, world)
  }
  const [first = NOTHING, second = NOTHING] = given.first
  const all = allGiven(given, world)
  if (CHANGING_GLOBALS.has(name)) changeAll(first, site, world)
  else if (!READING.test(name) || method === ITEM) changeAll(all, site, world)
  if (!/^\w+$/.test(name) && CHANGING.has(method) && isOwnPath(name) && site.env.phase === 'call')
    world.note(name.slice(0, name.lastIndexOf('.')), site)
  switch (name) {
    case 'Object.assign':
      flow.each(first, (to) =>
        flow.each(flow.union(...given.first.slice(1), given.rest), (from) => copyFields(world, from, to)),
      )
      break
    case 'Object.defineProperty':
    case 'Reflect.defineProperty':
      flow.each(argument(given, 2, world), (descriptor) => define(first, descriptor, keyOf(call), world))
      break
    case 'Object.defineProperties':
      defineAll(first, second, world)
      break
    case 'Reflect.set':
      flow.each(first, (to) => flow.into(given.first[2] ?? NOTHING, fieldOf(world, to, keyOf(call))))
      changeAll(given.first[3] ?? NOTHING, site, world)
      break
    case 'Reflect.get':
      flow.each(first, (from) => readOne(from, keyOf(call), out, site, world))
      return
    case 'Object.setPrototypeOf':
    case 'Reflect.setPrototypeOf':
      flow.each(first, (to) => flow.into(second, to.protos))
      break
    case 'Object.getPrototypeOf':
    case 'Reflect.getPrototypeOf':
      flow.each(first, (of) => flow.into(of.protos, out))
      world.later(() => out.things.size === 0 && flow.put(out, globalOf(world, BUILT_IN_PROTOTYPE)))
      return
    case 'Object.create': {
      const made = make(site, site.node, { type: 'object' }, world, 'create')
      flow.into(first, made.protos)
      defineAll(slotOf(world, made), second, world)
      flow.put(out, made)
      return
    }
    case 'Object.getOwnPropertyDescriptor':
    case 'Object.getOwnPropertyDescriptors':
    case 'Reflect.getOwnPropertyDescriptor': {
      const descriptor = make(site, site.node, { type: 'object' }, world, 'descriptor')
      flow.each(first, (thing) =>
        flow.each(thing.any, (part) => {
          if (part.is.type !== 'accessor') flow.put(fieldOf(world, descriptor, 'value'), part)
          else
            for (const [key, slot] of Object.entries(part.is))
              if (slot instanceof Slot) flow.into(slot, fieldOf(world, descriptor, key))
        }),
      )
      flow.put(fieldOf(world, descriptor, ITEM), descriptor)
      return flow.put(out, descriptor)
    }
    case 'Reflect.apply':
      flow.each(first, (callee) =>
        world.callThing(callee, { ...call, self: second, given: spreadOf(given.first[2], call, world) }),
      )
      return
    case 'Reflect.construct':
      flow.each(first, (callee) => world.construct(callee, { ...call, given: spreadOf(second, call, world) }))
      return
    case 'Proxy.revocable': {
      const pair = make(site, site.node, { type: 'outside', from: 'builtin', isExport: false }, world, 'revocable')
      flow.put(fieldOf(world, pair, 'proxy'), makeProxy(call, world))
      return flow.put(out, pair)
    }
    case 'Array':
    case 'RegExp':
    case 'Error':
    case 'Map':
      return constructGlobal(name, call, world)
    case 'Promise.reject':
      flow.into(all, world.thrown)
      break
    case 'structuredClone': // transferred objects lose their contents
      flow.each(second, (options) =>
        flow.each(lookup(world, options, 'transfer'), (list) => changeAll(list.any, site, world)),
      )
  }
  const items = new Slot()
  flow.each(first, (thing) => flow.into(thing.any, items))
  if (ITERATING_GLOBALS.has(name)) flow.into(iterate(first, site, world), items)
  const returned = new Slot()
  flow.each(all, (thing) => {
    if (!isCallable(thing)) return
    world.callThing(thing, {
      self: NOTHING,
      given: { first: [items, items, first], rest: NOTHING },
      site,
      out: returned,
    })
    // A timer that is set during loading runs between calls of the body.
    if (site.env.phase === 'load' && LATER.has(name)) callLater(thing, call, world)
  })
  if (PASSING_GLOBALS.has(name)) return flow.into(first, out)
  if (HOLDING_GLOBALS.has(name)) {
    const isObject = /^Object\.(group|from)/.test(name)
    const usedUp = name.startsWith('Iterator') && ({ usedUp: true } as const)
    const held = make(site, site.node, isObject ? { type: 'object' } : { type: 'list', ...usedUp }, world, name)
    for (const part of name.endsWith('.of') ? [all] : [items, returned]) flow.into(part, fieldOf(world, held, ITEM))
    if (/entries|[gG]roupBy|concat|allSettled/i.test(name)) {
      const inner = make(
        site,
        site.node,
        { type: name === 'Promise.allSettled' ? 'object' : 'list' },
        world,
        `in ${name}`,
      )
      flow.into(items, fieldOf(world, inner, ITEM))
      flow.put(fieldOf(world, held, ITEM), inner)
    }
    if (name === 'Object.fromEntries') flow.each(items, (pair) => flow.into(pair.any, fieldOf(world, held, ITEM)))
    if (name === 'Promise.race' || name === 'Promise.any' || name === 'Promise.try')
      flow.into(flow.union(items, returned), out)
    return flow.put(out, held)
  }
  if (name.startsWith('Buffer.') && !GIVING_NOTHING.test(name)) {
    const buffer = make(
      site,
      site.node,
      { type: 'list', buffer: name === 'Buffer.alloc' ? 'own' : 'pooled' },
      world,
      name,
    )
    viewBytes(first, buffer, world)
    return flow.put(out, buffer)
  }
  if (GIVING_NOTHING.test(name) || LATER.has(name)) return
  const from = GIVING_NEW.test(name) ? 'data' : name.startsWith('WebAssembly') ? 'wasm' : 'builtin'
  const result = make(site, site.node, { type: 'outside', from, isExport: false }, world, name)
  if (from !== 'data') for (const part of [all, returned]) flow.into(part, fieldOf(world, result, ITEM))
  flow.put(out, result)
}

/** Whether the path leads to something that code has added to `globalThis`, because it is no well-known global. */
function isOwnPath(name: string): boolean {
  return !/^(Array|Object|Map|Set|Math|JSON|Date|Reflect|Promise|Atomics|Number|String|Symbol|console|process|crypto|URL|Buffer|Iterator|Intl|performance|Temporal)\b/.test(
    name,
  )
}

function keyOf({ site }: Call): string {
  const key = site.node.arguments?.[1]
  return key ? nameOf(key, true) : ITEM
}

function define(things: Slot, descriptor: Thing, name: string, world: World): void {
  const { flow } = world
  const is = { type: 'accessor', get: lookup(world, descriptor, 'get'), set: lookup(world, descriptor, 'set') } as const
  flow.each(things, (thing) => {
    flow.into(lookup(world, descriptor, 'value'), fieldOf(world, thing, name))
    putAccessor(world, thing, name, new Thing(is, descriptor.phase))
  })
}

function defineAll(things: Slot, descriptors: Slot, world: World): void {
  world.flow.each(descriptors, (all) =>
    world.flow.each(all.any, (descriptor) => define(things, descriptor, ITEM, world)),
  )
}

export function spreadOf(list: Slot | undefined, { site }: Call, world: World): Call['given'] {
  return { first: [], rest: list ? iterate(list, site, world) : NOTHING }
}
