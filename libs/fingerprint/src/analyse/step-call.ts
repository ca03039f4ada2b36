import { isInert, type ModuleNames } from './inert.ts'
import type { UnitOutline } from './outline.ts'
import type { Binding, Names } from './scope.ts'
import { eachChild, isFunction, type Node } from './syntax.ts'

/**
 * A step with a literal definition, so that the properties of its body can be told from the others. It is a step only
 * if the called function resolves to Cairn's `step` or `source`.
 */
export interface StepCall {
  /**
   * The properties that count: `run`, `inputs`, `outputs`, `reads`. They are in source order if their order matters,
   * else in alphabetical order.
   */
  readonly body: readonly Node[]
  /** The `catch` property. */
  readonly fallback?: Node
}

/** Properties of a step's definition that are part of its fingerprint. The others say how it runs and is reused. */
export const BODY = ['inputs', 'outputs', 'reads', 'run']

/** Reads `const x = step('name', { … })`; undefined if the definition is not fully literal. */
export function stepCall({ node, bindings, keyword }: UnitOutline, module: ModuleNames): StepCall | undefined {
  const call: Node | null | undefined = node.type === 'VariableDeclarator' ? node.init : keyword && node
  if (call?.type !== 'CallExpression' || call.arguments.length !== 2 || bindings.length !== 1) return undefined
  if (bindings[0]?.assigned) return undefined
  const [name, definition] = call.arguments as [Node, Node]
  if (name.type !== 'Literal' || definition.type !== 'ObjectExpression') return undefined
  const properties = new Map<string, Node>()
  for (const property of definition.properties as Node[]) {
    const isPlain =
      property.type === 'Property' && property.kind === 'init' && !property.computed && !property.shorthand
    if (!isPlain || property.key.name === '__proto__' || properties.has(property.key.name)) return undefined
    properties.set(property.key.name, property)
  }
  const stated = [...properties.values()].filter(({ key }) => BODY.includes(key.name))
  const orderCounts = !stated.every((property) => isInert(property, module, true))
  const body = orderCounts ? stated : stated.toSorted((a, b) => (a.key.name < b.key.name ? -1 : 1))
  const fallback = properties.get('catch')
  if (!properties.has('run') || [...body, fallback].some((property) => property && usesThis(property.value)))
    return undefined
  return { body, ...(fallback && { fallback }) }
}

/** The import that a called expression names, directly or as a member of a namespace. */
export function importedCallee(callee: Node, names: Names): { binding: Binding; member?: string } | undefined {
  const isMember = callee.type === 'MemberExpression' && !callee.computed
  const binding = names.get(isMember ? callee.object : callee)
  if (binding?.kind !== 'import') return undefined
  return isMember ? { binding, member: callee.property.name } : { binding }
}

/** Whether a function uses `this`, which would be the whole definition. */
function usesThis(value: Node): boolean {
  return value.type === 'FunctionExpression' && mentionsThis(value)
}

function mentionsThis(node: Node): boolean {
  let found = node.type === 'ThisExpression' || node.type === 'Super'
  eachChild(node, (child) => {
    const hasOwn = isFunction(child) && child.type !== 'ArrowFunctionExpression'
    found ||= !hasOwn && mentionsThis(child)
  })
  return found
}
