import { eachChild, isFunction, type Node } from './syntax.ts'
import { identifiers, varPatterns, type Binding, type Names } from './scope.ts'

/** What a module imports and exports, and its top level split into units, in source order. */
export interface Outline {
  readonly requests: readonly Request[]
  readonly imports: ReadonlyMap<Binding, Imported>
  readonly exports: ReadonlyMap<string, Exported>
  /** Indices of the `export * from '…'` requests. */
  readonly stars: readonly number[]
  readonly units: readonly UnitOutline[]
}

/** A specifier that the module imports or re-exports from. Each such statement has its own. */
export interface Request {
  readonly specifier: string
  readonly line: number
  /**
   * `effect` is `import './x.ts'`, for its side effects; `dynamic` is `import('./x.ts')`, which may load later; a
   * `file` is read but not loaded.
   */
  readonly how: 'static' | 'effect' | 'dynamic' | 'file'
  /** `with { type: 'json' }` */
  readonly attributes?: Readonly<Record<string, string>>
}

/** An export of another module; `*` stands for all of them as an object. */
export interface Imported {
  readonly request: number
  readonly name: string
}
export type Exported = { readonly binding: Binding } | { readonly unit: number } | Imported

/** The smallest code that a closure can include: a declaration, one declarator of a `const`, or a bare statement. */
export interface UnitOutline {
  readonly what: 'function' | 'class' | 'value' | 'statement'
  /** What it declares; undefined for an anonymous `export default`. */
  readonly bindings: readonly (Binding | undefined)[]
  /** The declaration, the declarator, the expression of `export default`, or the statement. */
  readonly node: Node
  /** `const`, `let` or `var` of a declarator; `const` for an `export default` expression. */
  readonly keyword?: string
}

/** Splits an erased tree into imports, exports and units. */
export function outline(program: Node, names: Names, lineOf: (offset: number) => number): Outline {
  const requests: Request[] = []
  const imports = new Map<Binding, Imported>()
  const exports = new Map<string, Exported>()
  const exportedNames: [exported: string, local: string][] = []
  const stars: number[] = []
  const units: UnitOutline[] = []
  const declared = new Set<Binding>()

  for (const statement of program.body as Node[]) addStatement(statement)
  const byName = new Map<string, Binding>()
  for (const binding of [...imports.keys(), ...units.flatMap(({ bindings }) => bindings)])
    if (binding) byName.set(binding.name, binding)
  for (const [exported, local] of exportedNames) {
    const binding = byName.get(local)
    if (binding) exports.set(exported, exportOf(binding))
  }
  return { requests, imports, exports, stars, units }

  function addStatement(statement: Node): void {
    switch (statement.type) {
      case 'ImportDeclaration': {
        const request = addRequest(statement, statement.effectOnly ? 'effect' : 'static')
        for (const { type, imported, local } of statement.specifiers) {
          const name = type === 'ImportSpecifier' ? imported.name : type === 'ImportDefaultSpecifier' ? 'default' : '*'
          imports.set(names.get(local)!, { request, name })
        }
        return
      }
      case 'ExportAllDeclaration': {
        const request = addRequest(statement)
        if (statement.exported) exports.set(statement.exported.name, { request, name: '*' })
        else stars.push(request)
        return
      }
      case 'ExportNamedDeclaration':
        if (statement.declaration) {
          const first = units.length
          addStatement(statement.declaration)
          for (const { bindings } of units.slice(first))
            for (const binding of bindings) if (binding) exports.set(binding.name, { binding })
        } else if (statement.source) {
          const request = addRequest(statement)
          for (const { exported, local } of statement.specifiers)
            exports.set(exported.name, { request, name: local.name })
        } else for (const { exported, local } of statement.specifiers) exportedNames.push([exported.name, local.name])
        return
      case 'ExportDefaultDeclaration':
        return addDefault(statement.declaration)
      case 'VariableDeclaration':
        for (const declarator of statement.declarations) addDeclarator(declarator, statement.kind)
        return
      case 'FunctionDeclaration':
      case 'ClassDeclaration': {
        const what = isFunction(statement) ? 'function' : 'class'
        units.push({ what, bindings: declare(statement.id).bindings, node: statement })
        return
      }
      default: {
        const patterns = statement.type === 'Unsupported' ? [statement.id] : [...varPatterns(statement)]
        if (statement.directive || (isMainGuard(statement) && patterns.length === 0)) return
        units.push({ what: 'statement', bindings: declare(...patterns).bindings, node: statement })
      }
    }
  }

  function addRequest({ source, start, attributes }: Node, how: Request['how'] = 'static'): number {
    const stated = (attributes as Node[]).map(({ key, value }) => [key.name, value.value])
    const request = { specifier: source.value, line: lineOf(start), how }
    return requests.push(stated.length > 0 ? { ...request, attributes: Object.fromEntries(stated) } : request) - 1
  }

  function addDefault(node: Node): void {
    const unit = units.length
    if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') {
      addStatement(node)
      exports.set('default', { unit })
      return
    }
    const binding = node.type === 'Identifier' ? names.get(node) : undefined
    if (binding?.top && !binding.assigned) {
      exports.set('default', exportOf(binding)) // never changes, so both names are one variable
      return
    }
    units.push({ what: isFunction(node) ? 'function' : 'value', bindings: [undefined], node, keyword: 'const' })
    exports.set('default', { unit })
  }

  function addDeclarator(declarator: Node, keyword: string): void {
    const { bindings, isAgain } = declare(declarator.id)
    const what = isAgain ? 'statement' : declarator.init && isFunction(declarator.init) ? 'function' : 'value'
    units.push({ what, bindings, node: declarator, keyword })
  }

  /** The variables of patterns, except those that an earlier `var` has declared already. */
  function declare(...patterns: (Node | null)[]): { bindings: (Binding | undefined)[]; isAgain: boolean } {
    const all = patterns.flatMap((pattern) =>
      pattern ? identifiers(pattern).map((identifier) => names.get(identifier)!) : [undefined],
    )
    const bindings = all.filter((binding) => !binding || !declared.has(binding))
    for (const binding of bindings) if (binding) declared.add(binding)
    return { bindings, isAgain: bindings.length < all.length }
  }

  function exportOf(binding: Binding): Exported {
    return imports.get(binding) ?? { binding }
  }
}

/**
 * Whether it is `if (import.meta.main) …`, or compares the module's location with `process.argv`. Neither is ever true
 * in an imported module.
 */
function isMainGuard({ type, test, alternate }: Node): boolean {
  if (type !== 'IfStatement' || alternate) return false
  if (isOfMeta(test, ['main'])) return true
  if (test.type !== 'BinaryExpression' || !/^===?$/.test(test.operator)) return false
  const [left, right] = [test.left, test.right] as [Node, Node]
  return [left, right].some((side) => holds(side, isArguments)) && [left, right].some((side) => holds(side, isPlace))
}

function isPlace(node: Node): boolean {
  return isOfMeta(node, ['url', 'filename'])
}

function isOfMeta({ type, object, property }: Node, names: readonly string[]): boolean {
  return type === 'MemberExpression' && object.type === 'MetaProperty' && names.includes(property.name)
}

function isArguments({ type, object, property }: Node): boolean {
  return type === 'MemberExpression' && object.name === 'process' && property.name === 'argv'
}

function holds(node: Node, is: (node: Node) => boolean): boolean {
  let found = is(node)
  eachChild(node, (child) => {
    found ||= holds(child, is)
  })
  return found
}
