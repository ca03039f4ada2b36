import { eachChild, isFunction, type Node } from './syntax.ts'

/**
 * Whether code has functions that run without being called: accessors, `toString`, `[Symbol.iterator]`, proxy traps.
 */
export function hides(node: Node): boolean {
  if (isHiddenFunction(node) || isDefining(node)) return true
  let found = false
  eachChild(node, (child) => {
    found ||= hides(child)
  })
  return found
}

const HIDDEN = new Set(['toString', 'valueOf', 'toLocaleString', 'toJSON', 'then'])

function isHiddenFunction({ type, kind, key, value, computed }: Node): boolean {
  if (type !== 'Property' && type !== 'MethodDefinition') return false
  if (kind === 'get' || kind === 'set') return true
  if (!value || !isFunction(value)) return false
  return computed ? key.type !== 'Literal' : HIDDEN.has(String(key.name ?? key.value))
}

/** Whether it is a call such as `new Proxy(…)` or `Object.defineProperty(…)`. */
function isDefining({ type, callee }: Node): boolean {
  if (type !== 'NewExpression' && type !== 'CallExpression') return false
  const [object, method] =
    callee.type === 'MemberExpression' ? [callee.object.name, callee.property.name] : [callee.name, '']
  return object === 'Proxy' || (object === 'Object' && method === 'create') || /^(__)?define[A-Z]/.test(method ?? '')
}

/**
 * Whether loading code may run such functions of other code, for example because it reads a member or spreads a value.
 */
export function mayRunHidden(node: Node): boolean {
  if (isFunction(node)) return false
  if (MAY_RUN_HIDDEN.has(node.type) || (node.type === 'Property' && node.computed)) return true
  let found = false
  eachChild(node, (child) => {
    const isPutOff = node.type === 'PropertyDefinition' && !node.static && child === node.value
    if (node.type !== 'MethodDefinition' || (node.computed && child === node.key))
      found ||= !isPutOff && mayRunHidden(child)
  })
  return found
}

const MAY_RUN_HIDDEN = new Set(
  `MemberExpression SpreadElement ObjectPattern ArrayPattern TemplateLiteral UnaryExpression BinaryExpression
   ForOfStatement ForInStatement AwaitExpression UpdateExpression AssignmentExpression CallExpression
   NewExpression`.split(/\s+/),
)

const ITERATORS = new Set(['values', 'keys', 'entries', 'matchAll', 'iterator'])

/** Whether a variable holds an iterator, which iterating changes: `const ids = [1, 2].values()`. */
export function isUsedUp({ type, init }: Node): boolean {
  if (type !== 'VariableDeclarator' || init?.type !== 'CallExpression') return false
  const { callee } = init
  if (callee.type !== 'MemberExpression') return false
  const { property } = callee
  return callee.object.name !== 'Object' && ITERATORS.has(property.property?.name ?? property.name)
}
