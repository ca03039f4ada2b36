import { isClass } from '../analyse/syntax.ts'
import { NOTHING, Slot, type Thing, type Call, type Site } from './thing.ts'
import { callLater } from './later.ts'
import { CHANGING, CHANGING_IN_PACKAGES, isReading, PARTS } from './methods.ts'
import { ITEM, fieldOf } from './fields.ts'
import { allGiven, make, slotOf, type World } from './world.ts'

/** Passes things to code that is not followed, which may call every function in them. */
export function handOver(things: Slot, given: Slot, site: Site, world: World, seen = new Set<Thing>()): void {
  const hand = (thing: Thing, self: Slot): void => {
    if (seen.has(thing)) return
    seen.add(thing)
    const call: Call = { self, given: { first: [], rest: given }, site, out: new Slot() }
    switch (thing.is.type) {
      case 'bound':
      case 'native':
        return world.callThing(thing, call)
      case 'function':
        if (isClass(thing.is.node)) {
          world.construct(thing, call)
          handOver(call.out, given, site, world, seen)
        } else world.callThing(thing, call)
        break
      case 'accessor':
        for (const accessor of [thing.is.get, thing.is.set])
          if (accessor) world.flow.each(accessor, (each) => hand(each, self))
        return
      case 'outside':
        if (thing.is.from === 'cairn') handOver(thing.held, given, site, world, seen)
        return
      case 'global':
      case 'module':
        return
      case 'object':
      case 'list':
        break
    }
    const own = slotOf(world, thing)
    world.flow.each(thing.any, (part) => hand(part, own))
    world.flow.each(thing.protos, (proto) => world.flow.each(proto.any, (part) => hand(part, own)))
  }
  world.flow.each(things, (thing) => hand(thing, NOTHING))
}

/**
 * Follows a call of code that is not analysed. Only names show what it changes. Its result is taken to be new and to
 * hold parts of the arguments.
 */
export function callOutside(callee: Thing, call: Call, world: World): void {
  const { name, self, given, site, out } = call
  const { flow } = world
  const is = callee.is as Extract<Thing['is'], { type: 'outside' }>
  const isCairn = is.from === 'cairn'
  const isCalledLater = isCairn && site.env.phase === 'load'
  const all = allGiven(given, world)
  const isLikely = CHANGING_IN_PACKAGES.test(name ?? (is.isExport ? (callee.label ?? '') : ''))
  if (is.isExport) {
    if (isLikely && is.from === 'package') world.change(given.first[0] ?? NOTHING, site)
    if (is.from === 'builtin' && CHANGING_OF_NODE.test(name ?? callee.label ?? '')) world.change(all, site)
  } else if (changesItself(is.from, name, call)) {
    world.change(slotOf(world, callee), site)
    if (is.from === 'builtin' || is.from === 'wasm') world.change(all, site)
  }
  if (self !== NOTHING && isLikely && !isCairn)
    flow.each(self, (one) => one !== callee && world.change(slotOf(world, one), site))
  if (!is.isExport && name !== undefined && PARTS.has(name)) flow.put(out, callee)
  const parts = new Slot()
  if (!is.isExport && !isCairn) flow.put(parts, callee)
  flow.each(all, (thing) => {
    flow.put(parts, thing)
    flow.into(thing.any, parts)
  })
  if (is.from === 'builtin' && site.env.phase === 'load')
    flow.each(all, (thing) => isCallable(thing) && callLater(thing, call, world))
  if (!isCalledLater) {
    handOver(all, parts, site, world)
    handOver(callee.held, parts, site, world)
  }
  const result = make(site, site.node, { type: 'outside', from: is.from, isExport: false }, world)
  flow.each(all, (thing) => {
    if (isCallable(thing) || isCairn || site.env.phase === 'load') flow.put(result.held, thing)
    flow.into(thing.any, fieldOf(world, result, ITEM))
  })
  flow.into(callee.held, result.held)
  flow.put(out, result)
  if (isCalledLater) flow.put(world.steps, result)
}

function changesItself(from: string, name: string | undefined, { given }: Call): boolean {
  if (from === 'cairn') return false
  if (from === 'wasm') return true
  // A function called without arguments is assumed to have state, because otherwise its result would never change.
  if (name === undefined) return given.first.length === 0
  if (name === 'decode' && given.first.length > 1) return true
  if (CHANGING.has(name) || (CHANGING_IN_PACKAGES.test(name) && from !== 'data')) return true
  return from === 'builtin' && !isReading(name)
}

/** Functions of Node's modules that change their arguments. */
const CHANGING_OF_NODE =
  /^(inherits|setMaxListeners|addAbortSignal|pipeline|finished|compose|on|once|aborted|randomFill\w*|getRandomValues|readv?(Sync)?|receiveMessageOnPort|runIn\w*|createContext)$/

export function isCallable({ is }: Thing): boolean {
  return is.type === 'function' || is.type === 'bound' || is.type === 'native' || isProxy(is)
}

function isProxy(is: Thing['is']): boolean {
  return is.type === 'outside' && is.from === 'proxy'
}
