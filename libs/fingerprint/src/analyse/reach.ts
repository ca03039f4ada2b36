import { isBuiltin } from 'node:module'
import type { Imported, Request } from './outline.ts'
import { isFileBeside } from './beside.ts'
import { builtinReach, globalReach, type Call, type Reached } from './reach-rules.ts'
import type { Binding, Names } from './scope.ts'
import { eachChild, type Node } from './syntax.ts'

/** Something outside its closure that code reaches, with the code that does and its line. */
export interface ReachFound {
  readonly what: Reached
  readonly detail: string
  readonly line: number
}

/** How a name is used: the members after it, and whether their value is called or constructed. */
interface Use {
  readonly members: readonly string[]
  readonly as?: Call
  readonly detail: string
}

interface Module {
  readonly names: Names
  readonly imports: ReadonlyMap<Binding, Imported>
  readonly requests: readonly Request[]
  readonly lineOf: (offset: number) => number
}

/** Functions of `fs` that read the contents of a file. */
const READS = new Set(
  ['', 'promises.'].flatMap((of) => ['readFile', 'readFileSync', 'createReadStream'].map((name) => of + name)),
)

/** Finds what code reaches outside its closure: through globals, Node's built-in modules and dynamic code. */
export function reaches(nodes: readonly Node[], { names, imports, requests, lineOf }: Module): ReachFound[] {
  const found = new Map<string, ReachFound>()
  for (const node of nodes) visit(node)
  return [...found.values()]

  function visit(node: Node): void {
    switch (node.type) {
      case 'NewExpression':
      case 'CallExpression': {
        if (readsFileBeside(node)) return node.arguments.slice(1).forEach(visit)
        if (formatsNow(node)) add('clock', `${node.callee.property.name}() of the current time`, node)
        const bare = node.arguments.length === 0 || node.arguments[0].type === 'SpreadElement' // a spread may be empty
        const call = node.type === 'CallExpression' ? '()' : bare ? 'new()' : 'new(…)'
        if (note(node.callee, call, node.arguments.length === 0)) return node.arguments.forEach(visit)
        break
      }
      case 'MemberExpression':
        if (note(node)) return
        break
      case 'Identifier':
        note(node)
        return
      case 'VariableDeclarator':
      case 'AssignmentExpression': {
        const [pattern, value] = node.init !== undefined ? [node.id, node.init] : [node.left, node.right]
        if (pattern.type === 'ObjectPattern' && value && noteParts(pattern, value)) return visit(pattern)
        break
      }
      case 'BinaryExpression':
        if (node.operator !== 'instanceof' || node.right.type !== 'Identifier') break
        return visit(node.left) // `instanceof Date` does not read the clock
      case 'ImportExpression':
        if (typeof node.source.value === 'string')
          noteBuiltin(node.source.value, [], `import('${node.source.value}')`, node)
        else add('dynamic code', 'import(…)', node)
        break
    }
    eachChild(node, visit)
  }

  /** Whether it is `new Intl.DateTimeFormat().format()` without a time to format. */
  function formatsNow({ callee, arguments: given }: Node): boolean {
    if (given.length > 0 || callee.type !== 'MemberExpression') return false
    if (!['format', 'formatToParts'].includes(callee.property.name)) return false
    const { object } = callee
    const made: Node | undefined = object.type === 'Identifier' ? names.get(object)?.value : object
    const chain = made?.callee && staticChain(made.callee)
    return chain !== undefined && [chain.root.name, ...chain.members].join('.') === 'Intl.DateTimeFormat'
  }

  /** Whether it reads a file that is carried with the code, which is not outside the closure. */
  function readsFileBeside({ callee, arguments: [given] }: Node): boolean {
    const chain = isFileBeside(given, names) ? staticChain(callee) : undefined
    const imported = chain && imports.get(names.get(chain.root)!)
    if (!imported || !/^(node:)?fs(\/promises)?$/.test(requests[imported.request]!.specifier)) return false
    const behind =
      imported.name === '*' || imported.name === 'default' ? chain.members : [imported.name, ...chain.members]
    return READS.has(behind.join('.'))
  }

  /**
   * Whether the expression is a chain of members of a global or of an import. If so, what it reaches has been recorded.
   */
  function note(expression: Node, as?: Call, isEmpty?: boolean): boolean {
    const chain = staticChain(expression)
    if (!chain) return false
    const path = [chain.root.name, ...chain.members].join('.')
    const detail = as ? `${as === '()' ? '' : 'new '}${path}${isEmpty ? '()' : '(…)'}` : path
    return noteUse(chain.root, { members: chain.members, detail, ...(as && { as }) })
  }

  /** Records the members in a pattern: `const { random } = Math`. */
  function noteParts(pattern: Node, value: Node): boolean {
    const chain = staticChain(value)
    if (!chain) return false
    const keys = (pattern.properties as Node[]).map(({ key, computed }) =>
      key && !computed ? (key.name as string) : undefined,
    )
    return keys.every((key) => {
      const members = key === undefined ? chain.members : [...chain.members, key]
      return noteUse(chain.root, { members, detail: [chain.root.name, ...members].join('.') })
    })
  }

  function noteUse(root: Node, { members, as, detail }: Use): boolean {
    const binding = names.get(root)
    if (!binding) {
      const what = globalReach(root.name, members, as)
      if (what) add(what, detail, root)
      return true
    }
    const imported = imports.get(binding)
    if (!imported) return false
    const { specifier } = requests[imported.request]!
    const behind = imported.name === '*' || imported.name === 'default' ? members : [imported.name, ...members]
    return noteBuiltin(specifier, behind, detail, root, as)
  }

  function noteBuiltin(specifier: string, members: readonly string[], detail: string, at: Node, as?: Call): boolean {
    if (!isBuiltin(specifier)) return false
    const what = builtinReach(specifier, members, as)
    if (what) add(what, detail, at)
    return true
  }

  function add(what: Reached, detail: string, { start }: Node): void {
    const key = `${what} ${detail}`
    if (!found.has(key)) found.set(key, { what, detail, line: lineOf(start) })
  }
}

/** Splits `a.b['c']` into its root and the names of the members. */
function staticChain(expression: Node): { root: Node; members: string[] } | undefined {
  const members: string[] = []
  let node = expression
  for (;;) {
    if (node.type === 'ChainExpression') node = node.expression
    else if (node.type === 'MemberExpression') {
      const { property, computed } = node
      const name = computed ? property.value : property.name
      if (typeof name !== 'string' || property.type === 'PrivateIdentifier') return undefined
      members.unshift(name)
      node = node.object
    } else return node.type === 'Identifier' ? { root: node, members } : undefined
  }
}
