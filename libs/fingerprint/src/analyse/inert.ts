import { isOwnPackage } from '@cairn/records'
import type { Imported, Request } from './outline.ts'
import { HARMLESS_GLOBALS } from './reach-rules.ts'
import type { Binding, Names } from './scope.ts'
import { eachChild, isFunction, type Node } from './syntax.ts'

export interface ModuleNames {
  readonly names: Names
  readonly imports: ReadonlyMap<Binding, Imported>
  readonly requests: readonly Request[]
}

/**
 * Whether an expression gives the same result whenever it is evaluated while its module loads, and changes nothing.
 *
 * @param trusting assumes that what the functions of packages return depends only on their arguments
 */
export function isInert(node: Node | null, module: ModuleNames, trusting = false): boolean {
  const inert = (inner: Node | null) => isInert(inner, module, trusting)
  if (!node || isFunction(node)) return true
  switch (node.type) {
    case 'Literal':
    case 'FileLocation':
      return true
    case 'Identifier': {
      const binding = module.names.get(node)
      return binding ? !binding.assigned && binding.kind !== 'var' : HARMLESS_GLOBALS.has(node.name)
    }
    case 'VariableDeclarator':
      return node.id.type === 'Identifier' && inert(node.id) && inert(node.init)
    case 'TemplateLiteral':
      return node.expressions.every(inert)
    case 'UnaryExpression':
      return node.operator !== 'delete' && inert(node.argument)
    case 'BinaryExpression':
    case 'LogicalExpression':
      return inert(node.left) && inert(node.right)
    case 'ConditionalExpression':
      return inert(node.test) && inert(node.consequent) && inert(node.alternate)
    case 'ArrayExpression':
      return node.elements.every(inert)
    case 'ObjectExpression':
      return node.properties.every(inert)
    case 'Property':
      return (!node.computed || inert(node.key)) && inert(node.value)
    case 'MemberExpression':
      return !node.computed && isHarmlessGlobal(node, module.names)
    case 'CallExpression':
    case 'NewExpression':
      // A built-in reads the contents of its arguments, which other code may have changed.
      if (isHarmlessGlobal(node.callee, module.names))
        return node.arguments.every((given: Node) => isData(given, module))
      return trusting && isPackageCall(node.callee, module) && node.arguments.every(inert)
    case 'ClassDeclaration':
    case 'ClassExpression':
      return inert(node.superClass) && node.body.body.every(inert)
    case 'MethodDefinition':
      return !node.computed || inert(node.key)
    case 'PropertyDefinition':
      return (!node.computed || inert(node.key)) && (!node.static || inert(node.value))
    default:
      return false
  }
}

/** Whether a node is inert and contains neither a function nor a variable of the module. */
export function isData(node: Node, module: ModuleNames): boolean {
  if (isFunction(node) || module.names.has(node) || !isInert(node, module)) return false
  let data = true
  eachChild(node, (child) => {
    data &&= child.type === 'Name' || isData(child, module)
  })
  return data
}

/** Whether a chain begins at a standard global that has no state visible to other code. */
export function isHarmlessGlobal(expression: Node, names: Names): boolean {
  const { root } = rootOf(expression)
  if (root.type !== 'Identifier' || names.has(root)) return false
  return HARMLESS_GLOBALS.has(root.name) || STATELESS.has(root.name)
}
export const STATELESS = new Set(['Math', 'Date', 'Temporal', 'performance', 'crypto', 'console', 'fetch'])

/** Whether a call such as `z.number().min(1)` begins at an import of a package, as far as one file shows. */
function isPackageCall(callee: Node, module: ModuleNames): boolean {
  const { names, imports, requests } = module
  if (callee.type === 'CallExpression') return isInert(callee, module, true)
  if (callee.type === 'MemberExpression') return !callee.computed && isPackageCall(callee.object, module)
  const imported = imports.get(names.get(callee)!)
  return imported !== undefined && !/^[./]/.test(requests[imported.request]!.specifier)
}

/**
 * Whether a call is one of `console`, of Cairn, or of something that Cairn returned. These do not affect the code of
 * steps, although a pipeline, and with it every step, may be passed to them.
 */
export function isTransparent(expression: Node, module: ModuleNames, seen = new Set<Binding>()): boolean {
  const { names, imports, requests } = module
  const { root } = rootOf(expression)
  if (root.type !== 'Identifier') return false
  const binding = names.get(root)
  if (!binding) return root.name === 'console'
  const imported = imports.get(binding)
  if (imported) return isOwnPackage(requests[imported.request]!.specifier)
  if (!binding.top || binding.kind !== 'const' || !binding.value || seen.has(binding)) return false
  return isTransparent(binding.value, module, seen.add(binding))
}

/** The start of a chain of members and calls, its length, and whether it contains a call. */
export function rootOf(expression: Node): { root: Node; depth: number; called: boolean } {
  for (let root = expression, depth = 0, called = false; ;)
    switch (root.type) {
      case 'ChainExpression':
        root = root.expression
        break
      case 'AwaitExpression':
        root = root.argument
        break
      case 'MemberExpression':
        root = root.object
        depth++
        break
      case 'CallExpression':
        root = root.callee
        depth++
        called = true
        break
      default:
        return { root, depth, called }
    }
}
