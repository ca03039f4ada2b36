import { isNode, type Node } from './syntax.ts'

/**
 * Returns the tree without what does not count: types, quotes around keys, empty statements, parentheses. The rest is
 * plain ESTree in which every `Identifier` is a variable; all other names are of type `Name`. Syntax that type
 * stripping cannot turn into JavaScript becomes a node of type `Unsupported`. Returns undefined if nothing is left.
 */
export function erase(node: Node): Node | undefined {
  if (node.declare === true) return undefined
  switch (node.type) {
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'TSInstantiationExpression':
      return erase(node.expression)

    case 'EmptyStatement': // dropped from lists; where a statement is required, `copy` keeps it
    case 'TSTypeAliasDeclaration':
    case 'TSInterfaceDeclaration':
    case 'TSDeclareFunction':
    case 'TSIndexSignature':
    case 'TSAbstractMethodDefinition':
    case 'TSAbstractPropertyDefinition':
    case 'TSAbstractAccessorProperty':
    case 'TSNamespaceExportDeclaration':
      return undefined
    case 'MethodDefinition':
      if (node.value.type === 'TSEmptyBodyFunctionExpression') return undefined
      break
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
      if (isTypeOnly(node)) return undefined
      break
    case 'ImportSpecifier':
    case 'ExportSpecifier':
      if (isTypeOnly(node)) return undefined
      break
    case 'ExportNamedDeclaration':
    case 'ExportDefaultDeclaration': {
      const copied = isTypeOnly(node) ? undefined : copy(node)
      return node.declaration && !copied?.declaration ? undefined : copied
    }
    case 'Identifier':
      return { type: 'Identifier', start: node.start, end: node.end, name: node.name }

    case 'TSModuleDeclaration':
      return holdsValues(node) ? unsupported(node, 'a namespace with values') : undefined
    case 'TSEnumDeclaration':
      return unsupported(node, 'an enum')
    case 'TSImportEqualsDeclaration':
      return isTypeOnly(node) ? undefined : unsupported(node, 'import … =')
    case 'TSExportAssignment':
      return unsupported(node, 'export =')
    case 'TSTypeAssertion':
      return unsupported(node, 'a type assertion in angle brackets')
    case 'TSParameterProperty':
      return unsupported(node, 'a parameter property')
    case 'AccessorProperty':
      return unsupported(node, 'an accessor field')
    case 'JSXElement':
    case 'JSXFragment':
      return unsupported(node, 'JSX')
  }
  if (node.decorators?.length > 0) return unsupported(node, 'a decorator')
  return copy(node)
}

const DROPPED = new Set(
  `type start end raw range parent decorators typeAnnotation typeParameters typeArguments returnType superTypeArguments
   implements declare definite accessibility override readonly abstract importKind exportKind`.split(/\s+/),
)
const CHAINS = new Set(['MemberExpression', 'CallExpression']) // elsewhere `optional` is TypeScript's `a?`

function copy(node: Node): Node {
  const copied: Node = { type: node.type, start: node.start, end: node.end }
  const name = NAMES[node.type]
  for (const field in node) {
    if (DROPPED.has(field) || (field === 'optional' && !CHAINS.has(node.type))) continue
    const value: unknown = node[field]
    if (Array.isArray(value)) copied[field] = eraseList(value)
    else if (!isNode(value)) copied[field] = value
    else if (name?.includes(field) && !node.computed) copied[field] = nameOf(value)
    else copied[field] = value.type === 'EmptyStatement' ? value : erase(value)
  }
  switch (node.type) {
    case 'ImportDeclaration':
      copied.effectOnly = node.specifiers.length === 0
      break
    case 'ImportExpression': // a template without expressions is a string
      if (copied.source.type === 'TemplateLiteral' && copied.source.expressions.length === 0) {
        const { start, end, quasis } = copied.source
        copied.source = { type: 'Literal', start, end, value: quasis[0].value.cooked }
      }
      break
    case 'Property': // `{ a }` means `{ a: a }`, but `{ __proto__ }` does not mean `{ __proto__: __proto__ }`
      copied.shorthand &&= copied.key.name === '__proto__'
      break
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      if (copied.params[0]?.name === 'this') copied.params.shift()
      break
  }
  return copied
}

/** The fields in which a bare identifier is not a variable, unless it is in brackets. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  MemberExpression: ['property'],
  Property: ['key'],
  MethodDefinition: ['key'],
  PropertyDefinition: ['key'],
  LabeledStatement: ['label'],
  BreakStatement: ['label'],
  ContinueStatement: ['label'],
  MetaProperty: ['meta', 'property'],
  ImportSpecifier: ['imported'],
  ExportSpecifier: ['local', 'exported'],
  ExportAllDeclaration: ['exported'],
  ImportAttribute: ['key'],
}

function nameOf(node: Node): Node {
  if (node.type === 'PrivateIdentifier') return node
  return { type: 'Name', start: node.start, end: node.end, name: String(node.name ?? node.value) }
}

function eraseList(list: readonly (Node | null)[]): (Node | null)[] {
  const kept: (Node | null)[] = []
  for (const item of list) {
    const erased = item && erase(item) // null is a hole in an array
    if (erased !== undefined) kept.push(erased)
  }
  return kept
}

function unsupported({ start, end, id }: Node, what: string): Node {
  return { type: 'Unsupported', start, end, what, id: id?.type === 'Identifier' ? erase(id) : null }
}

function isTypeOnly(node: Node): boolean {
  return node.importKind === 'type' || node.exportKind === 'type'
}

function holdsValues({ body }: Node): boolean {
  if (body?.type === 'TSModuleDeclaration') return holdsValues(body)
  return (body?.body as Node[] | undefined)?.some((statement) => erase(statement)) ?? false
}
