import { eachChild, isClass, isFunction, type Node } from '../analyse/syntax.ts'
import { NOTHING, Slot, type Phase, type Thing, type Call, type Env, type Site } from './thing.ts'
import { afterLoad, isAwaited, isWaiting, noteAwaited } from './later.ts'
import { bind } from './patterns.ts'
import { ITEM, fieldOf } from './fields.ts'
import { allGiven, argument, make, makeEnv, type World } from './world.ts'

type Function = Extract<Thing['is'], { type: 'function' }>

/** Follows a call of a function of the project. */
export function invoke(fn: Thing, { self, given, site, out }: Call, world: World): void {
  const { node } = fn.is as Function
  if (isClass(node)) return
  if (site.env.phase === 'load' && isWaiting(node) && !isAwaited(site))
    invoke(fn, { self, given, site: afterLoad(site), out: new Slot() }, world)
  const env = activate(fn, site, world)
  const { flow } = world
  for (const [index, parameter] of env.parameters.entries()) flow.into(argument(given, index, world), parameter)
  flow.into(allGiven({ ...given, first: given.first.slice(env.parameters.length) }, world), env.given)
  for (const each of env.parameters) flow.into(each, env.given)
  flow.into(self, env.receiver)
  if (!node.generator) return flow.into(env.returned, out)
  const iterator = make(site, site.node, { type: 'list', usedUp: true }, world, `iterator ${node.start}`)
  flow.into(env.returned, fieldOf(world, iterator, ITEM))
  flow.put(out, iterator)
}

const activations = new WeakMap<Thing, Record<Phase, Map<Node, Env>>>()

/**
 * Calls from one place share one `Env`, because their arguments are mostly alike. If a function is not short, only the
 * first places get an `Env` each, and all others share one, so that the work grows with the size of the code.
 */
function activate(fn: Thing, { env: { phase }, node: at }: Site, world: World): Env {
  let known = activations.get(fn)
  if (!known) activations.set(fn, (known = { load: new Map(), call: new Map() }))
  const inPlaces = known[phase]
  const own = inPlaces.get(at)
  if (own) return own
  const isApart = inPlaces.size < placesOf(fn.is as Function)
  const active = isApart ? undefined : inPlaces.get((fn.is as Function).node)
  if (active) return active
  const { node, env: outer } = fn.is as Function
  const env = makeEnv({ source: outer.source, home: node, phase, fn, outer })
  inPlaces.set(isApart ? at : node, env)
  for (const parameter of node.params as Node[]) {
    const slot = new Slot()
    if (parameter.type === 'RestElement') {
      const list = make({ env }, parameter, { type: 'list' }, world)
      world.flow.into(env.given, fieldOf(world, list, ITEM))
      world.flow.put(slot, list)
      bind(parameter.argument, slot, { env }, world)
    } else {
      env.parameters.push(slot)
      bind(parameter, slot, { env }, world)
    }
  }
  if (node.body.type === 'BlockStatement') world.statement(node.body, { env })
  else {
    if (node.async) noteAwaited(node.body)
    world.flow.into(world.value(node.body, { env }), env.returned)
  }
  return env
}

/** The value of `this` in the code. */
export function receiverOf(env: Env): Slot {
  for (let around: Env | undefined = env; around; around = around.outer)
    if (around.home.type !== 'ArrowFunctionExpression') return around.receiver
  return NOTHING
}

const SHORT = 160
const LONG = 2000
const FEW = 4
const places = new WeakMap<Node, number>()

/** How many places that call a function get an `Env` of their own: all, if it is as short as `(xs) => xs.at(-1)`. */
function placesOf({ node }: Function): number {
  let known = places.get(node)
  if (known !== undefined) return known
  const length = node.end - node.start
  known = length < SHORT && !holdsFunction(node) ? Infinity : length < LONG ? FEW : 0
  places.set(node, known)
  return known
}

function holdsFunction(node: Node): boolean {
  let found = false
  eachChild(node, (child) => {
    found ||= isFunction(child) || isClass(child) || holdsFunction(child)
  })
  return found
}
