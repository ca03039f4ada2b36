import type { Node } from '../analyse/syntax.ts'
import { invoke, receiverOf } from './activation.ts'
import { construct, fill } from './classes.ts'
import { NOTHING, Slot, type Thing, type Call, type Given, type CodeContext } from './thing.ts'
import { constructGlobal } from './built-in-classes.ts'
import { callGlobal, spreadOf } from './globals.ts'
import { iterate, nameOf, readOne } from './members.ts'
import { callNative } from './natives.ts'
import { callOutside, handOver, isCallable } from './outside.ts'
import { fieldOf, lookup, onBuiltIns } from './fields.ts'
import { functionAround, imported } from './variables.ts'
import { allGiven, argument, joinCall, make, slotOf, type World } from './world.ts'

/** The result of a call expression. */
export function callAt(node: Node, place: CodeContext, world: World, before: readonly Slot[] = []): Slot {
  const { flow } = world
  const { first, rest } = givenAt(node.arguments, place, world)
  const call: Call = {
    self: NOTHING,
    given: { first: [...before, ...first], rest },
    site: { ...place, node },
    out: new Slot(),
  }
  const callee: Node = node.callee.type === 'ChainExpression' ? node.callee.expression : node.callee
  if (callee.type === 'Super') {
    flow.each(parentsOf(place, false, world), (parent) =>
      fill(parent, { ...call, self: receiverOf(place.env), out: new Slot() }, world),
    )
    return receiverOf(place.env)
  }
  if (callee.type === 'MemberExpression') callMember(callee, call, place, world)
  else {
    const callees = world.value(callee, place)
    flow.each(callees, (thing) => world.callThing(thing, call))
    world.later(() => {
      if (![...callees.things].some(isFollowed))
        handOver(allGiven(call.given, world), allGiven(call.given, world), call.site, world)
    })
  }
  return call.out
}

export function constructAt(node: Node, place: CodeContext, world: World): Slot {
  const call: Call = {
    self: NOTHING,
    given: givenAt(node.arguments, place, world),
    site: { ...place, node },
    out: new Slot(),
  }
  const callees = world.value(node.callee, place)
  world.flow.each(callees, (callee) => world.construct(callee, call))
  world.later(() => {
    if (![...callees.things].some(isFollowed)) handOver(allGiven(call.given, world), NOTHING, call.site, world)
  })
  return call.out
}

/** Calls a thing of any type. */
export function callThing(callee: Thing, call: Call, world: World): void {
  const { is } = callee
  if (is.type === 'function') invoke(callee, call, world)
  else if (is.type === 'native') is.run(call.given.first)
  else if (is.type === 'global') joinCall(callee, call, world, (joined) => callGlobal(is.path, joined, world))
  else if (is.type === 'outside' && is.from === 'proxy') callProxy(callee, call, world)
  else if (is.type === 'outside') joinCall(callee, call, world, (joined) => callOutside(callee, joined, world))
  else if (is.type === 'bound')
    world.callThing(is.target, {
      ...call,
      self: is.self,
      given: { ...call.given, first: [...is.given, ...call.given.first] },
    })
}

export function constructThing(callee: Thing, call: Call, world: World): void {
  const { is } = callee
  if (is.type === 'function') construct(callee, call, world)
  else if (is.type === 'global') joinCall(callee, call, world, (joined) => constructGlobal(is.path, joined, world))
  else if (is.type === 'outside')
    joinCall(callee, { ...call, name: 'constructor' }, world, (joined) => callOutside(callee, joined, world))
  else if (is.type === 'bound') world.construct(is.target, call)
}

/** Calls the proxy's target, and the traps of its handler. */
function callProxy(proxy: Thing, call: Call, world: World): void {
  world.flow.each(proxy.views, (target) => world.callThing(target, call))
  const all = allGiven(call.given, world)
  world.flow.each(proxy.held, (handler) =>
    world.flow.each(handler.any, (trap) =>
      world.callThing(trap, { ...call, given: { first: [proxy.views], rest: all } }),
    ),
  )
}

function isFollowed({ is }: Thing): boolean {
  return is.type !== 'object' && is.type !== 'list' && is.type !== 'module'
}

function givenAt(nodes: readonly Node[], place: CodeContext, world: World): Given {
  const first: Slot[] = []
  let rest = NOTHING
  if (asksForOwnBytes(nodes)) place = { ...place, ownBytes: true }
  for (const node of nodes)
    if (node.type === 'SpreadElement')
      rest = world.flow.union(rest, iterate(world.value(node.argument, place), { ...place, node }, world))
    else if (rest === NOTHING) first.push(world.value(node, place))
    else rest = world.flow.union(rest, world.value(node, place))
  return { first, rest }
}

/** Whether the arguments are `(bytes.buffer, bytes.byteOffset, bytes.length)`. */
function asksForOwnBytes([bytes, start, length]: readonly Node[]): boolean {
  return length !== undefined && bytes?.property?.name === 'buffer' && start?.property?.name === 'byteOffset'
}

function callMember(callee: Node, call: Call, place: CodeContext, world: World): void {
  const { flow } = world
  const { names, imports } = place.env.source.dissection
  if (callee.computed) world.value(callee.property, place)
  const name = nameOf(callee.property, callee.computed)
  const namespace = callee.object.type === 'Identifier' ? names.get(callee.object) : undefined
  if (namespace && imports.get(namespace)?.name === '*' && !callee.computed)
    return flow.each(imported(namespace, name, place, world), (member) => world.callThing(member, { ...call, name }))
  if (callee.object.type === 'Super') {
    const { fn } = functionAround(place.env)
    const isStatic = fn?.is.type === 'function' && fn.is.isStatic === true
    return flow.each(parentsOf(place, !isStatic, world), (parent) =>
      flow.each(lookup(world, parent, name), (method) =>
        world.callThing(method, { ...call, self: receiverOf(place.env) }),
      ),
    )
  }
  const objects = world.value(callee.object, place)
  const isKnown = { yes: false }
  flow.each(objects, (object) => callOn(object, name, call, isKnown, world))
  flow.each(lookup(world, onBuiltIns(world), name), (method) => world.callThing(method, { ...call, self: objects }))
  world.later(() => {
    if (isKnown.yes) return
    isKnown.yes = true
    callNative(name, { ...call, self: objects }, world)
    handOver(allGiven(call.given, world), NOTHING, call.site, world)
  })
}

/** Calls a method on one thing. Sets `isKnown` if the effects of the method are known. */
function callOn(object: Thing, name: string, call: Call, isKnown: { yes: boolean }, world: World): void {
  const { flow } = world
  const on: Call = { ...call, name, self: slotOf(world, object) }
  if (isCallable(object) || (object.is.type === 'global' && object.is.path !== 'Reflect')) {
    if (name === 'call' || name === 'apply' || name === 'bind') {
      isKnown.yes = true
      return callBy(name, object, on, world)
    }
  }
  if (object.is.type === 'list') {
    isKnown.yes = true
    joinCall(name, on, world, (joined) => callNative(name, joined, world))
  } else if (object.is.type === 'global') {
    isKnown.yes = true
    const path = `${object.is.path}.${name}`
    joinCall(path, on, world, (joined) => callGlobal(path, joined, world))
  } else if (object.is.type === 'outside' && object.is.from === 'data') {
    isKnown.yes = true
    joinCall(`data ${name}`, on, world, (joined) => callNative(name, joined, world))
  } else if (object.is.type === 'outside') {
    isKnown.yes = true
    joinCall(object, on, world, (joined) => callOutside(object, joined, world))
  }
  const methods = new Slot()
  if (object.is.type === 'outside' || object.is.type === 'list' || object.is.type === 'global')
    flow.into(lookup(world, object, name), methods)
  else readOne(object, name, methods, call.site, world)
  flow.each(methods, (method) => {
    if (method === object || method.is.type === 'object') return
    isKnown.yes = true
    world.callThing(method, on)
  })
}

function callBy(name: 'call' | 'apply' | 'bind', callee: Thing, call: Call, world: World): void {
  const { given, site, out } = call
  const self = argument(given, 0, world)
  const first = given.first.slice(1)
  if (name === 'call') return world.callThing(callee, { ...call, self, given: { ...given, first } })
  if (name === 'apply') return world.callThing(callee, { ...call, self, given: spreadOf(given.first[1], call, world) })
  const key = `bound ${callee.label ?? ''} ${callee.is.type === 'function' ? callee.is.node.start : ''}`
  world.flow.put(out, make(site, site.node, { type: 'bound', target: callee, self, given: first }, world, key))
}

/** What the class around a place extends: the classes themselves, or their prototypes. */
function parentsOf({ env }: CodeContext, prototypes: boolean, world: World): Slot {
  const { fn } = functionAround(env)
  const of = fn?.is.type === 'function' ? (fn.is.of ?? fn) : undefined
  if (!of) return NOTHING
  if (!prototypes) return of.protos
  const found = new Slot()
  world.flow.each(fieldOf(world, of, 'prototype'), (prototype) => world.flow.into(prototype.protos, found))
  return found
}
