import type { Binding } from '../analyse/scope.ts'
import type { Node } from '../analyse/syntax.ts'
import type { Module } from '../modules.ts'
import type { Target } from '../link.ts'
import { NOTHING, Slot, Thing, type Env, type CodeContext } from './thing.ts'
import { fieldOf, globalOf } from './fields.ts'
import { make, slotOf, type World } from './world.ts'

/** The call or module that a variable belongs to. */
export function ownerOf(binding: Binding, env: Env): Env {
  let found = env
  while (found.outer && found.home !== binding.home) found = found.outer
  return found
}

export function variable(binding: Binding, env: Env): Slot {
  const { variables } = ownerOf(binding, env)
  let slot = variables.get(binding)
  if (!slot) variables.set(binding, (slot = new Slot()))
  return slot
}

export function readVariable(node: Node, place: CodeContext, world: World): Slot {
  const { source } = place.env
  const binding = source.dissection.names.get(node)
  if (!binding) return node.name === 'arguments' ? givenTo(place, node, world) : readGlobal(node.name, world)
  return binding.kind === 'import' ? imported(binding, undefined, place, world) : variable(binding, place.env)
}

function readGlobal(name: string, world: World): Slot {
  if (name === 'undefined' || name === 'NaN' || name === 'Infinity') return NOTHING
  return slotOf(world, globalOf(world, name))
}

/** The `arguments` object. */
function givenTo(place: CodeContext, node: Node, world: World): Slot {
  const env = functionAround(place.env)
  const list = make(place, node, { type: 'list' }, world)
  world.flow.into(env.given, list.any)
  return slotOf(world, list)
}

/** The innermost call that has its own `this`. */
export function functionAround(env: Env): Env {
  let found = env
  while (found.outer && found.home.type === 'ArrowFunctionExpression') found = found.outer
  return found
}

/** A named import, or one member of `import * as`. */
export function imported(binding: Binding, member: string | undefined, { env }: CodeContext, world: World): Slot {
  const { module, dissection } = env.source
  const index = [...dissection.imports.keys()].indexOf(binding)
  const { target } = world.links.ref(module, member === undefined ? { import: index } : { import: index, member })
  return targetOf(target, member ?? binding.name, world)
}

/** The result of `import('…')`. */
export function importedLater(node: Node, { env }: CodeContext, world: World): Slot {
  const { module } = env.source
  const request = module.analysis.requests.findIndex(
    ({ specifier, how }) => how === 'dynamic' && specifier === node.source.value,
  )
  return request < 0 ? NOTHING : targetOf(world.links.ref(module, { request }).target, String(node.source.value), world)
}

/** The value of an export of a module. */
export function exportOf(module: Module, name: string, world: World): Slot {
  const link = world.links.export(module, name)
  return link ? targetOf(link.target, name, world) : NOTHING
}

function targetOf(target: Target, name: string, world: World): Slot {
  if ('external' in target) {
    const { resolved, specifier, name: exported } = target.external
    return slotOf(
      world,
      known(
        world,
        `${specifier} ${exported}`,
        () => new Thing({ type: 'outside', from: resolved.type, isExport: true }, 'load', name),
      ),
    )
  }
  if (!('part' in target)) return NOTHING
  const { module, index, type } = target.part
  if (type === 'namespace') return slotOf(world, namespace(module, name, world))
  const source = world.sourceOf(module)
  if (!source)
    // JSON
    return slotOf(
      world,
      known(world, module.file, () => new Thing({ type: 'outside', from: 'data', isExport: false }, 'load', name)),
    )
  const env = world.moduleEnv(source)
  const unit = source.dissection.units[index]!
  const binding = unit.bindings[target.binding]
  return binding ? variable(binding, env) : defaultExport(unit.node, env)
}

function namespace(module: Module, name: string, world: World): Thing {
  const key = `* ${module.file}`
  const known = world.globals.get(key)
  if (known) return known
  const thing = new Thing({ type: 'module', module }, 'load', name)
  world.globals.set(key, thing)
  for (const each of world.links.exportNames(module))
    world.flow.into(exportOf(module, each, world), fieldOf(world, thing, each))
  return thing
}

/** The value of an `export default …` without a name. */
export function defaultExport(node: Node, { variables }: Env): Slot {
  const key = node as unknown as Binding
  let slot = variables.get(key)
  if (!slot) variables.set(key, (slot = new Slot()))
  return slot
}

function known({ globals }: World, key: string, create: () => Thing): Thing {
  let thing = globals.get(key)
  if (!thing) globals.set(key, (thing = create()))
  return thing
}
