import { NOTHING, Slot, Thing, type Call } from './thing.ts'
import { iterate } from './members.ts'
import { ITERATING_GLOBALS } from './methods.ts'
import { handOver } from './outside.ts'
import { copyFields, fieldOf, ITEM } from './fields.ts'
import { allGiven, make, slotOf, type World } from './world.ts'

/**
 * Classes whose instances are modelled by their items. Of instances of all other classes, only method names are known.
 */
const KNOWN =
  /^(Array|\w+Array|DataView|(Shared)?ArrayBuffer|(Weak)?(Map|Set)|WeakRef|RegExp|Promise|\w*Error|DOMException|Date|Object|String|Number|Boolean|Function|URLSearchParams|Headers|FormData|Intl\.\w+|TextEncoder|TextDecoder|Blob|File)$/

/** Follows `new` of a global class. */
export function constructGlobal(path: string, call: Call, world: World): void {
  const { given, site, out } = call
  const { flow } = world
  const name = path.replace(/^((globalThis|global|self)\.)+/, '')
  const all = allGiven(given, world)
  const [first = NOTHING] = given.first
  if (name === 'Proxy') return flow.put(out, makeProxy(call, world))
  if (!KNOWN.test(name)) return makeUnknown(name, call, world)
  const made = make(
    site,
    site.node,
    {
      type: 'list',
      ...(name === 'RegExp' && { regex: flagsOf(call) }),
      ...(name.endsWith('ArrayBuffer') && { bytes: true }),
    },
    world,
  )
  flow.put(out, made)
  const items = fieldOf(world, made, ITEM)
  if (name === 'RegExp') flow.into(first, fieldOf(world, made, COPIED))
  else if (ITERATING_GLOBALS.has(name) || name.endsWith('Array')) {
    const inner = iterate(first, site, world)
    flow.into(inner, items)
    if (name.endsWith('Map')) flow.each(inner, (pair) => flow.into(pair.any, items))
  } else flow.into(all, items)
  if (/Array$|^DataView$/.test(name)) viewBytes(first, made, world)
  if (name === 'Promise') settleBy(first, call, world)
  else if (name === 'Array') flow.into(all, items)
  else handOver(all, NOTHING, site, world)
}

/** The field of a regular expression that holds the one it was made from, whose flags it shares. */
export const COPIED = 'copied from'

function flagsOf({ site }: Call): string {
  const [pattern, flags] = site.node.arguments ?? []
  if (flags) return flags.type === 'Literal' ? String(flags.value) : 'gy'
  return pattern?.type === 'SpreadElement' ? 'gy' : ''
}

/** Changing the view also changes the bytes that it shares. */
export function viewBytes(bytes: Slot, view: Thing, { flow }: World): void {
  flow.each(bytes, (thing) => {
    if (thing.is.type === 'outside' || (thing.is.type === 'list' && thing.is.bytes)) flow.put(view.views, thing)
  })
}

export function makeProxy({ given, site }: Call, world: World): Thing {
  const { flow } = world
  const [target = NOTHING, handler = NOTHING] = given.first
  const proxy = make(site, site.node, { type: 'outside', from: 'proxy', isExport: false }, world)
  flow.into(handler, proxy.held)
  flow.into(target, proxy.views)
  flow.each(target, (thing) => copyFields(world, thing, proxy))
  const traps = new Slot()
  flow.each(handler, (thing) => flow.into(thing.any, traps))
  world.hidden.push({ holder: proxy, callees: traps, given: { first: [target], rest: slotOf(world, proxy) } })
  return proxy
}

function makeUnknown(name: string, { given, site, out }: Call, world: World): void {
  const { flow } = world
  const from = name.startsWith('WebAssembly') ? 'wasm' : 'builtin'
  const made = make(site, site.node, { type: 'outside', from, isExport: false }, world)
  const all = allGiven(given, world)
  flow.into(all, made.held)
  // An event holds what it reports, and a stack what it will dispose of. A URL made from another shares nothing with
  // it.
  if (/Event|Stack$/.test(name)) flow.into(all, fieldOf(world, made, ITEM))
  if (from === 'wasm') viewBytes(all, made, world)
  flow.put(out, made)
  handOver(all, NOTHING, site, world)
}

function settleBy(executor: Slot, { site, out }: Call, world: World): void {
  const { flow } = world
  const run = ([value = NOTHING]: readonly Slot[]) => {
    flow.into(value, out)
    flow.into(value, world.thrown)
  }
  const settle = new Thing({ type: 'native', run }, site.env.phase)
  const settlers = slotOf(world, settle)
  flow.each(executor, (each) =>
    world.callThing(each, {
      self: NOTHING,
      given: { first: [settlers, settlers], rest: NOTHING },
      site,
      out: new Slot(),
    }),
  )
}
