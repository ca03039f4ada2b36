import { eachChild, isFunction, type Node } from '../analyse/syntax.ts'
import { NOTHING, Slot, type Thing, type Call, type Site } from './thing.ts'
import type { World } from './world.ts'

/** Follows a function that may run between calls of a body, because loading starts it and does not wait for it. */
export function callLater(callee: Thing, { site }: Pick<Call, 'site'>, world: World): void {
  world.callThing(callee, {
    self: NOTHING,
    given: { first: [], rest: NOTHING },
    site: afterLoad(site),
    out: new Slot(),
  })
}

export function afterLoad(site: Site): Site {
  return { ...site, env: { ...site.env, phase: 'call' } }
}

const awaited = new WeakSet<Node>()

/** Marks the calls that an `await` waits for: `await f()`, `await Promise.all([f(), g()])`, `await f().then(g)`. */
export function noteAwaited(node: Node): void {
  if (node.type === 'ArrayExpression') for (const element of node.elements) if (element) noteAwaited(element)
  if (node.type !== 'CallExpression') return
  awaited.add(node)
  for (const given of node.arguments) noteAwaited(given)
  if (node.callee.type === 'MemberExpression') noteAwaited(node.callee.object)
}

export function isAwaited({ node }: Site): boolean {
  return awaited.has(node)
}

const waiting = new WeakMap<Node, boolean>()

/** Whether a function continues after it has returned its promise. */
export function isWaiting(fn: Node): boolean {
  if (!fn.async) return false
  let known = waiting.get(fn)
  if (known === undefined) waiting.set(fn, (known = holdsAwait(fn.body)))
  return known
}

function holdsAwait(node: Node): boolean {
  if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await)) return true
  let found = false
  eachChild(node, (child) => {
    found ||= !isFunction(child) && holdsAwait(child)
  })
  return found
}
