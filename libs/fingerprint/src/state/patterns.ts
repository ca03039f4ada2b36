import type { Node } from '../analyse/syntax.ts'
import { Slot, type CodeContext, type Site } from './thing.ts'
import { iterate, nameOf, read, write } from './members.ts'
import { copyFields, globalOf, ITEM, fieldOf } from './fields.ts'
import { ownerOf, variable } from './variables.ts'
import { make, slotOf, type World } from './world.ts'

/** Assigns a value to the variables that a pattern declares. */
export function bind(pattern: Node, value: Slot, place: CodeContext, world: World): void {
  spread(pattern, value, place, world, (target, part) => {
    const binding = place.env.source.dissection.names.get(target)
    if (binding) world.flow.into(part, variable(binding, place.env))
  })
}

/** Assigns a value to the variables and members in a pattern. */
export function assign(pattern: Node, value: Slot, site: Site, world: World): void {
  const { env } = site
  spread(pattern, value, site, world, (target, part) => {
    if (target.type === 'MemberExpression') return assignMember(target, part, site, world)
    if (target.type !== 'Identifier') return
    const binding = env.source.dissection.names.get(target)
    if (!binding) {
      if (env.phase === 'call') world.note(target.name, site)
      return world.flow.into(part, fieldOf(world, globalOf(world, target.name), ITEM))
    }
    world.flow.into(part, variable(binding, env))
    if (env.phase === 'call' && ownerOf(binding, env).phase === 'load') world.note(binding.name, site)
  })
}

function assignMember(target: Node, value: Slot, site: Site, world: World): void {
  if (target.computed) world.value(target.property, site)
  const objects = world.value(target.object, site)
  // A member of a global variable is identified by its whole path.
  const path = globalPath(target, site)
  if (path !== undefined && site.env.phase === 'call') world.note(path, site)
  else write(objects, nameOf(target.property, target.computed), value, site, world)
}

/** The path of a member of a global, such as `Array.prototype.x`; undefined for any other node. */
function globalPath(node: Node, { env }: CodeContext): string | undefined {
  if (node.type === 'Identifier') return env.source.dissection.names.has(node) ? undefined : node.name
  if (node.type !== 'MemberExpression') return undefined
  const object = globalPath(node.object, { env })
  return object === undefined ? undefined : `${object}.${node.computed ? '[]' : node.property.name}`
}

/** Destructures a value as a pattern does, and calls `set` for every target. */
function spread(
  pattern: Node | null,
  value: Slot,
  place: CodeContext,
  world: World,
  set: (target: Node, part: Slot) => void,
): void {
  if (!pattern) return // a hole in an array
  const site = { ...place, node: pattern }
  const inner = (part: Node | null, slot: Slot) => spread(part, slot, place, world, set)
  switch (pattern.type) {
    case 'AssignmentPattern':
      return inner(pattern.left, world.flow.union(value, world.value(pattern.right, place)))
    case 'ChainExpression':
      return inner(pattern.expression, value)
    case 'ObjectPattern':
      for (const property of pattern.properties as Node[]) {
        if (property.type === 'RestElement') {
          const rest = make(place, property, { type: 'object' }, world)
          world.flow.each(value, (thing) => copyFields(world, thing, rest))
          inner(property.argument, slotOf(world, rest))
          continue
        }
        if (property.computed) world.value(property.key, place)
        inner(property.value, read(value, nameOf(property.key, property.computed), site, world))
      }
      return
    case 'ArrayPattern': {
      const items = iterate(value, site, world)
      for (const element of pattern.elements as (Node | null)[]) {
        if (element?.type !== 'RestElement') inner(element, items)
        else {
          const rest = make(place, element, { type: 'list' }, world)
          world.flow.into(items, fieldOf(world, rest, ITEM))
          inner(element.argument, slotOf(world, rest))
        }
      }
      return
    }
    default:
      return set(pattern, value)
  }
}
