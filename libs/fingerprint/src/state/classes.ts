import { isFunction, type Node } from '../analyse/syntax.ts'
import { NOTHING, Slot, Thing, type Phase, type Call, type Env, type CodeContext } from './thing.ts'
import { nameOf, prototypeOf, read } from './members.ts'
import { fieldOf } from './fields.ts'
import { make, makeEnv, slotOf, type World } from './world.ts'

/** Creates a class with its prototype, methods and static members. */
export function makeClass(node: Node, place: CodeContext, world: World): Thing {
  const { flow } = world
  const label = node.id?.name ?? place.label
  const here: CodeContext = label === undefined ? { env: place.env } : { env: place.env, label }
  const made = make(here, node, { type: 'function', node, env: place.env }, world)
  const prototype = prototypeOf(made, world)
  if (node.superClass) {
    const parents = world.value(node.superClass, place)
    flow.into(parents, made.protos)
    flow.into(read(parents, 'prototype', { ...here, node }, world), prototype.protos)
  }
  for (const member of node.body.body as Node[]) {
    if (member.computed) world.value(member.key, place)
    const holder = member.static ? made : prototype
    if (member.type === 'StaticBlock')
      for (const each of member.body) world.statement(each, ownPlace(member, here, made, world))
    else if (member.type === 'MethodDefinition') {
      const method = methodOf(member, holder, made, here, world)
      if (member.kind === 'constructor') flow.into(method, fieldOf(world, prototype, CONSTRUCTOR))
      else {
        const name = nameOf(member.key, member.computed)
        flow.into(method, fieldOf(world, holder, name))
        if (member.kind !== 'method') world.hidden.push({ holder, callees: method })
      }
    } else if (member.type === 'PropertyDefinition' && member.static && member.value) {
      const value = world.value(member.value, ownPlace(member, here, made, world))
      flow.into(value, fieldOf(world, made, nameOf(member.key, member.computed)))
    }
  }
  return made
}

/** The field of a prototype for the constructor method. Its field `constructor` is the class itself. */
const CONSTRUCTOR = 'new()'

function methodOf(
  { kind, value, static: isStatic }: Node,
  holder: Thing,
  of: Thing,
  place: CodeContext,
  world: World,
): Slot {
  const is = { type: 'function', node: value, env: place.env, of, isStatic } as const
  const method = slotOf(world, make(place, value, is, world))
  if (kind === 'method' || kind === 'constructor') return method
  const accessor = { type: 'accessor', ...(kind === 'get' ? { get: method } : { set: method }) } as const
  return slotOf(world, make({ env: holder.is.type === 'function' ? holder.is.env : place.env }, value, accessor, world))
}

/** The value of a field and a static block run as separate methods. */
function ownPlace(member: Node, { env, label }: CodeContext, receiver: Thing, world: World): CodeContext {
  const own = makeEnv({ source: env.source, home: member, phase: env.phase, fn: receiver, outer: env })
  world.flow.put(own.receiver, receiver)
  return { env: own, ...(label !== undefined && { label }) }
}

/** Follows `new` of a class or a function of the project. */
export function construct(callee: Thing, { given, site, out }: Omit<Call, 'self'>, world: World): void {
  const { node } = callee.is as Extract<Thing['is'], { type: 'function' }>
  const instance = make(site, site.node, { type: 'object' }, world, `instance ${node.start}`)
  world.flow.put(instance.protos, prototypeOf(callee, world))
  world.flow.put(out, instance)
  fill(callee, { self: slotOf(world, instance), given, site, out }, world)
}

/** Runs the constructors on an instance. */
export function fill(callee: Thing, call: Call, world: World): void {
  if (callee.is.type !== 'function') return world.callThing(callee, { ...call, out: new Slot() })
  const { node } = callee.is
  if (isFunction(node)) return world.callThing(callee, call)
  world.flow.into(call.self, fieldsOf(callee, call.site.env.phase, world).receiver)
  const own = (node.body.body as Node[]).some(({ kind }) => kind === 'constructor')
  if (own)
    world.flow.each(fieldOf(world, prototypeOf(callee, world), CONSTRUCTOR), (constructor) =>
      world.callThing(constructor, call),
    )
  else world.flow.each(callee.protos, (parent) => fill(parent, call, world))
}

const filled = new WeakMap<Thing, Partial<Record<Phase, Env>>>()

/** Sets the fields of instances. All instances run the same code, so they share one `Env`. */
function fieldsOf(callee: Thing, phase: Phase, world: World): Env {
  let known = filled.get(callee)
  if (!known) filled.set(callee, (known = {}))
  if (known[phase]) return known[phase]
  const { node, env: outer } = callee.is as Extract<Thing['is'], { type: 'function' }>
  const env = makeEnv({ source: outer.source, home: node, phase, fn: callee, outer })
  known[phase] = env
  for (const member of node.body.body as Node[]) {
    if (member.type !== 'PropertyDefinition' || member.static || !member.value) continue
    const own = makeEnv({ source: outer.source, home: member, phase, fn: callee, outer: env })
    world.flow.into(env.receiver, own.receiver)
    const value = world.value(member.value, { env: own })
    if (value === NOTHING) continue
    const name = nameOf(member.key, member.computed)
    world.flow.each(env.receiver, (instance) => world.flow.into(value, fieldOf(world, instance, name)))
  }
  return env
}
