import { BUILT_IN } from './methods.ts'
import { Slot, Thing } from './thing.ts'
import type { World } from './world.ts'

/** The name of any field whose name is not known: an item, a computed key. */
export const ITEM = '*'

/** Fields by which a class and its prototype refer to each other. Nothing is passed on through them. */
const OWN: ReadonlySet<string> = new Set(['prototype', 'constructor', 'new()'])

/** The slot of a field, created at the first use. */
export function fieldOf(world: World, thing: Thing, name: string): Slot {
  let slot = thing.fields.get(name)
  if (slot) return slot
  thing.fields.set(name, (slot = new Slot()))
  if (OWN.has(name)) return slot
  if (isHidden(name, thing)) world.hidden.push({ holder: thing, callees: slot })
  world.flow.into(slot, thing.any)
  if (thing.is.type === 'global' && /\.prototype$|^a built-in/.test(thing.is.path))
    world.flow.into(slot, fieldOf(world, onBuiltIns(world), name))
  for (const [copy, except] of thing.copies) if (!except.has(name)) world.flow.into(slot, fieldOf(world, copy, name))
  return slot
}

/** Stores an accessor in a field. Code that reads all fields of the thing may call it. */
export function putAccessor(world: World, thing: Thing, name: string, accessor: Thing): void {
  const own = new Slot()
  world.flow.put(own, accessor)
  world.flow.into(own, fieldOf(world, thing, name))
  world.hidden.push({ holder: thing, callees: own })
}

/** Whether the language may call a function of this name implicitly: for `+x`, `await x`, `${x}`, `x instanceof y`. */
function isHidden(name: string, { is }: Thing): boolean {
  if (is.type === 'global') return true // any code may call what is stored there
  if (name === ITEM) return is.type === 'object' || is.type === 'function' // `[iterator]() {}`
  return name.startsWith('@@') || HIDDEN.has(name)
}
const HIDDEN = new Set(['toString', 'valueOf', 'toLocaleString', 'toJSON', 'then', 'handleEvent'])

/**
 * Copies all fields of a thing to another one, now and in the future.
 *
 * @param except fields that are not copied
 */
export function copyFields(world: World, from: Thing, to: Thing, except: ReadonlySet<string> = OWN): void {
  if (from === to || from.copies.has(to)) return
  from.copies.set(to, except)
  for (const [name, slot] of [...from.fields])
    if (!OWN.has(name) && !except.has(name)) world.flow.into(slot, fieldOf(world, to, name))
}

/** Everything that a name may give on a thing, including its prototypes. Accessors are not called. */
export function lookup(world: World, thing: Thing, name: string): Slot {
  const known = thing.lookups.get(name)
  if (known) return known
  const found = new Slot()
  thing.lookups.set(name, found)
  const { flow } = world
  flow.into(name === ITEM ? thing.any : fieldOf(world, thing, name), found)
  // Reading a list by name gives a method, not an item.
  if (name !== ITEM && thing.is.type !== 'list') flow.into(fieldOf(world, thing, ITEM), found)
  flow.each(thing.protos, (proto) => {
    if (proto.is.type === 'global') {
      if (BUILT_IN.has(name)) flow.put(found, globalOf(world, `${proto.is.path}.${name}`))
    } else if (proto.is.type === 'outside') flow.put(found, proto)
    else flow.into(lookup(world, proto, name), found)
  })
  return found
}

/** What code adds to the prototypes of built-in classes, by name. Any value may have it. */
export function onBuiltIns({ globals }: World): Thing {
  let thing = globals.get('')
  if (!thing) globals.set('', (thing = new Thing({ type: 'object' }, 'load')))
  return thing
}

/** The thing for a global variable, or for what a path such as `Object.assign` leads to. */
export function globalOf({ globals, made }: World, path: string): Thing {
  let thing = globals.get(path)
  if (!thing) {
    globals.set(path, (thing = new Thing({ type: 'global', path }, 'load', path)))
    made.add(thing)
  }
  return thing
}

/** A member of a global variable, assumed to be a function; undefined if it is a constant or its name is not known. */
export function globalMember(world: World, path: string, name: string): Thing | undefined {
  if (name === ITEM || /^[A-Z_\d]{2,}$/.test(name)) return undefined // not known, or a constant
  return globalOf(world, /^(globalThis|global|self)$/.test(path) ? name : `${path}.${name}`)
}
