import { NOTHING, Slot } from './flow.ts'
import { changeAll, convert, convertAll, iterate, nameOf, readOne } from './members.ts'
import { CHANGING, CHANGING_GLOBALS, HOLDING_GLOBALS, ITERATING_GLOBALS, PASSING_GLOBALS } from './methods.ts'
import { callNative } from './natives.ts'
import { handOver, isCallable } from './outside.ts'
import { copyFields, fieldOf, ITEM, lookup, Thing } from './thing.ts'
import { allGiven, make, slotOf, type Call, type World } from './world.ts'

const LATER = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'])

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
  if (CHANGING_GLOBALS.has(name)) changeAll(first, site, world)
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
      define(call, world)
      break
    case 'Reflect.set':
      flow.each(first, (to) => flow.into(given.first[2] ?? NOTHING, fieldOf(world, to, keyOf(call))))
      break
    case 'Reflect.get':
      flow.each(first, (from) => readOne(from, keyOf(call), out, site, world))
      break
    case 'Object.setPrototypeOf':
    case 'Reflect.setPrototypeOf':
      flow.each(first, (to) => flow.into(second, to.protos))
      break
    case 'Object.getPrototypeOf':
    case 'Reflect.getPrototypeOf':
      flow.each(first, (of) => flow.into(of.protos, out))
      break
    case 'Object.create': {
      const made = make(site, site.node, { type: 'object' }, 'create')
      flow.into(first, made.protos)
      flow.put(out, made)
      break
    }
    case 'Reflect.apply':
      flow.each(first, (callee) =>
        world.callThing(callee, { ...call, self: second, given: spreadOf(given.first[2], call, world) }),
      )
      return
    case 'Reflect.construct':
      flow.each(first, (callee) => world.construct(callee, { ...call, given: spreadOf(second, call, world) }))
      return
  }
  const all = allGiven(given, world)
  const items = new Slot()
  flow.each(first, (thing) => flow.into(thing.any, items))
  if (ITERATING_GLOBALS.has(name)) flow.into(iterate(first, site, world), items)
  if (name === 'String' || name === 'Number') convert(first, site, world)
  if (name === 'JSON.stringify') convertAll(first, site, world)
  const returned = new Slot()
  flow.each(all, (thing) => {
    if (!isCallable(thing)) return
    world.callThing(thing, {
      self: NOTHING,
      given: { first: [items, items, first], rest: NOTHING },
      site,
      out: returned,
    })
    // A timer set while modules load runs between calls.
    if (site.env.phase === 'load' && LATER.has(name))
      world.callThing(thing, {
        self: NOTHING,
        given: { first: [], rest: NOTHING },
        site: { ...site, env: { ...site.env, phase: 'call' } },
        out: new Slot(),
      })
  })
  if (PASSING_GLOBALS.has(name)) flow.into(first, out)
  if (HOLDING_GLOBALS.has(name)) {
    const isObject = /^(Object\.(group|from)|Promise)/.test(name)
    const usedUp = name.startsWith('Iterator') && ({ usedUp: true } as const)
    const held = make(site, site.node, isObject ? { type: 'object' } : { type: 'list', ...usedUp }, name)
    for (const part of name.endsWith('.of') ? [all] : [items, returned]) flow.into(part, fieldOf(world, held, ITEM))
    if (/entries|[gG]roupBy|concat/i.test(name)) {
      const inner = make(site, site.node, { type: 'list' }, `in ${name}`)
      flow.into(items, fieldOf(world, inner, ITEM))
      flow.put(fieldOf(world, held, ITEM), inner)
    }
    if (name === 'Object.fromEntries') flow.each(items, (pair) => flow.into(pair.any, fieldOf(world, held, ITEM)))
    if (name === 'Promise.race' || name === 'Promise.any') flow.into(items, out)
    flow.put(out, held)
  }
}

/** `new` of a global class. */
export function constructGlobal(path: string, { given, site, out }: Call, world: World): void {
  const { flow } = world
  const name = path.replace(/^((globalThis|global|self)\.)+/, '')
  const all = allGiven(given, world)
  const [first = NOTHING] = given.first
  if (name === 'Proxy') {
    const proxy = make(site, site.node, { type: 'outside', from: 'data', isExport: false })
    flow.into(given.first[1] ?? NOTHING, proxy.held)
    flow.into(first, proxy.views)
    flow.each(first, (target) => copyFields(world, target, proxy))
    flow.put(out, proxy)
    return
  }
  const flags = name === 'RegExp' ? site.node.arguments?.[1] : undefined
  const regex = flags && (flags.type === 'Literal' ? String(flags.value) : 'gy')
  const made = make(site, site.node, {
    type: 'list',
    ...(regex !== undefined && { regex }),
    ...(name.endsWith('ArrayBuffer') && { bytes: true }),
  })
  flow.put(out, made)
  const items = fieldOf(world, made, ITEM)
  if (ITERATING_GLOBALS.has(name) || name.endsWith('Array')) {
    const inner = iterate(first, site, world)
    flow.into(inner, items)
    if (name.endsWith('Map')) flow.each(inner, (pair) => flow.into(pair.any, items))
  } else flow.into(all, items)
  if (/Array$|^DataView$/.test(name))
    flow.each(first, (thing) => {
      if (isBytes(thing)) flow.put(made.views, thing)
    })
  if (name === 'Promise') {
    const settle = new Thing({ type: 'native', run: ([value = NOTHING]) => flow.into(value, out) }, site.env.phase)
    const settlers = slotOf(world, settle)
    flow.each(first, (executor) =>
      world.callThing(executor, {
        self: NOTHING,
        given: { first: [settlers, settlers], rest: NOTHING },
        site,
        out: new Slot(),
      }),
    )
  } else if (name === 'Array') flow.into(all, items)
  else handOver(all, NOTHING, site, world)
}

/** Bytes that another view shares: a buffer, not a list of numbers. */
function isBytes({ is }: Thing): boolean {
  return is.type === 'outside' || (is.type === 'list' && is.bytes === true)
}

/** Whether it lies behind `globalThis` and is no global that everybody knows: somebody put it there. */
function isOwnPath(name: string): boolean {
  return !/^(Array|Object|Map|Set|Math|JSON|Date|Reflect|Promise|Atomics|Number|String|Symbol|console|process|crypto|URL|Buffer|Iterator|Intl|performance|Temporal)\b/.test(
    name,
  )
}

function keyOf({ site }: Call): string {
  const key = site.node.arguments?.[1]
  return key ? nameOf(key, true) : ITEM
}

function define(call: Call, world: World): void {
  const { flow } = world
  const [first = NOTHING, , descriptors = NOTHING] = call.given.first
  const name = keyOf(call)
  flow.each(descriptors, (descriptor) => {
    const accessor = new Thing(
      { type: 'accessor', get: lookup(world, descriptor, 'get'), set: lookup(world, descriptor, 'set') },
      call.site.env.phase,
    )
    flow.each(first, (thing) => {
      flow.into(lookup(world, descriptor, 'value'), fieldOf(world, thing, name))
      flow.put(fieldOf(world, thing, name), accessor)
    })
  })
}

export function spreadOf(list: Slot | undefined, { site }: Call, world: World): Call['given'] {
  return { first: [], rest: list ? iterate(list, site, world) : NOTHING }
}
