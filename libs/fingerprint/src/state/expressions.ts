import { isFunction, type Node } from '../analyse/syntax.ts'
import { receiverOf } from './activation.ts'
import { callAt, constructAt } from './calls.ts'
import { makeClass } from './classes.ts'
import { NOTHING, Slot, type Thing, type CodeContext } from './thing.ts'
import { SETTLED } from './hidden.ts'
import { noteAwaited } from './later.ts'
import { iterate, nameOf, read } from './members.ts'
import { assign } from './patterns.ts'
import { copyFields, fieldOf, ITEM, putAccessor } from './fields.ts'
import { functionAround, imported, importedLater, readVariable, variable } from './variables.ts'
import { make, slotOf, type World } from './world.ts'

/** Returns the things that an expression may evaluate to, and follows its side effects. */
export function valueOf(node: Node, place: CodeContext, world: World): Slot {
  const { flow } = world
  const value = (inner: Node) => world.value(inner, place)
  const site = { ...place, node }
  if (isFunction(node)) return slotOf(world, makeFunction(node, place, world))
  switch (node.type) {
    case 'Literal':
      return node.regex ? slotOf(world, make(place, node, { type: 'list', regex: node.regex.flags }, world)) : NOTHING
    case 'ClassDeclaration':
    case 'ClassExpression': {
      const made = makeClass(node, place, world)
      const binding = node.id && place.env.source.dissection.names.get(node.id)
      if (binding) flow.put(variable(binding, place.env), made)
      return slotOf(world, made)
    }
    case 'Identifier':
      return readVariable(node, place, world)
    case 'Super':
    case 'ThisExpression':
      return receiverOf(place.env)
    case 'MemberExpression':
      return memberAt(node, place, world)
    case 'ChainExpression':
    case 'ParenthesizedExpression':
      return value(node.expression)
    case 'AwaitExpression':
      noteAwaited(node.argument)
      return settled(value(node.argument), world)
    case 'YieldExpression':
      return yieldAt(node, place, world)
    case 'ConditionalExpression':
      value(node.test)
      return flow.union(value(node.consequent), value(node.alternate))
    case 'LogicalExpression':
      return flow.union(value(node.left), value(node.right))
    case 'SequenceExpression':
      return (node.expressions as Node[]).map(value).at(-1)!
    case 'ArrayExpression': {
      const list = make(place, node, { type: 'list' }, world)
      for (const element of node.elements as (Node | null)[])
        if (element?.type === 'SpreadElement')
          flow.into(iterate(value(element.argument), site, world), fieldOf(world, list, ITEM))
        else if (element) flow.into(value(element), fieldOf(world, list, ITEM))
      return slotOf(world, list)
    }
    case 'ObjectExpression':
      return slotOf(world, makeObject(node, place, world))
    case 'AssignmentExpression': {
      const right = world.value(node.right, named(node.left, place))
      assign(node.left, right, site, world)
      if (node.operator === '=') return right
      return /^(\|\||&&|\?\?)=$/.test(node.operator) ? flow.union(value(node.left), right) : NOTHING
    }
    case 'UpdateExpression':
      assign(node.argument, NOTHING, site, world)
      return NOTHING
    case 'UnaryExpression':
      if (node.operator === 'delete') assign(node.argument, NOTHING, site, world)
      else value(node.argument)
      return NOTHING
    case 'BinaryExpression':
      for (const side of [node.left, node.right]) if (side.type !== 'PrivateIdentifier') value(side)
      return NOTHING
    case 'TemplateLiteral':
      for (const part of node.expressions as Node[]) value(part)
      return NOTHING
    case 'NewExpression':
      return constructAt(node, place, world)
    case 'CallExpression':
      return callAt(node, place, world)
    case 'TaggedTemplateExpression': {
      const texts = make(place, node.quasi, { type: 'list' }, world)
      return callAt({ ...node, callee: node.tag, arguments: node.quasi.expressions }, place, world, [
        slotOf(world, texts),
      ])
    }
    case 'ImportExpression':
      value(node.source)
      return importedLater(node, place, world)
    default:
      return NOTHING
  }
}

/** What `await` may give: the awaited things, and what custom `then` methods pass to their callbacks. */
function settled(awaited: Slot, world: World): Slot {
  const given = new Slot()
  world.flow.each(awaited, (thing) => {
    if (thing.is.type === 'object') world.flow.into(fieldOf(world, thing, SETTLED), given)
  })
  return world.flow.union(awaited, given)
}

function makeFunction(node: Node, place: CodeContext, world: World): Thing {
  const { env, label } = place
  const own: string | undefined = node.id?.name ?? label
  const around = functionAround(env).fn
  const of = node.type === 'ArrowFunctionExpression' && around?.is.type === 'function' ? around.is.of : undefined
  const is = { type: 'function', node, env, ...(of && { of }) } as const
  const made = make(own === undefined ? { env } : { env, label: own }, node, is, world)
  const binding = node.id && env.source.dissection.names.get(node.id)
  if (binding) world.flow.put(variable(binding, env), made)
  return made
}

function makeObject(node: Node, place: CodeContext, world: World): Thing {
  const { flow } = world
  const made = make(place, node, { type: 'object' }, world)
  for (const [index, property] of (node.properties as Node[]).entries()) {
    if (property.type === 'SpreadElement') {
      const later = (node.properties as Node[])
        .slice(index)
        .filter(({ type, computed }) => type === 'Property' && !computed)
      const setAnew = new Set(later.map(({ key }) => nameOf(key, false)))
      flow.each(world.value(property.argument, place), (from) => {
        if (from.is.type === 'outside') flow.put(fieldOf(world, made, ITEM), from)
        copyFields(world, from, made, setAnew)
      })
      continue
    }
    if (property.computed) world.value(property.key, place)
    const name = nameOf(property.key, property.computed)
    const value = world.value(property.value, place)
    if (property.kind === 'init') {
      if (name === '__proto__') flow.into(value, made.protos)
      else flow.into(value, fieldOf(world, made, name))
    } else {
      const is = { type: 'accessor', ...(property.kind === 'get' ? { get: value } : { set: value }) } as const
      putAccessor(world, made, name, make(place, property, is, world))
    }
  }
  return made
}

function memberAt(node: Node, place: CodeContext, world: World): Slot {
  const { names, imports } = place.env.source.dissection
  if (node.computed) world.value(node.property, place)
  const name = nameOf(node.property, node.computed)
  const namespace = node.object.type === 'Identifier' ? names.get(node.object) : undefined
  if (namespace && imports.get(namespace)?.name === '*' && !node.computed)
    return imported(namespace, name, place, world)
  return read(world.value(node.object, place), name, { ...place, node }, world)
}

function yieldAt(node: Node, place: CodeContext, world: World): Slot {
  if (!node.argument) return NOTHING
  const given = world.value(node.argument, place)
  const site = { ...place, node }
  world.flow.into(node.delegate ? iterate(given, site, world) : given, functionAround(place.env).returned)
  return NOTHING
}

/** What an assignment creates is labelled with the variable that it sets, or whose member it sets. */
function named(target: Node, place: CodeContext): CodeContext {
  let root = target
  while (root.type === 'MemberExpression') root = root.object
  return root.type === 'Identifier' ? { ...place, label: root.name } : place
}
