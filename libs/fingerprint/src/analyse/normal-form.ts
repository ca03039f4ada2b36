import type { Binding, Names } from './scope.ts'
import { isClass, isFunction, isNode, type Node } from './syntax.ts'

/**
 * Code as text. Two pieces of code have the same text exactly if they differ only in names of variables, formatting or
 * types. Variables are numbered in the order of their first appearance: `$0` is local, `^0` is declared by the code
 * itself, `@0` refers to something outside it, `!name` is global, `#0` is private.
 */
export interface NormalForm {
  readonly text: string
  /** What `@0`, `@1`, … refer to. */
  readonly references: readonly Reference[]
  /** Names of the global variables that it uses. */
  readonly globals: ReadonlySet<string>
  /** It reads the names of functions or classes. */
  readonly looksAtNames: boolean
  /** The first node with syntax that cannot be normalised. */
  readonly unsupported?: Node
}

/** A top-level variable of the module, a member of a namespace import, a dynamic import, or a data file. */
export type Reference =
  | { readonly binding: Binding; readonly member?: string; readonly node: Node }
  | { readonly specifier: string; readonly node: Node }

/**
 * Normalises code.
 *
 * @param tag prefix of the text, which distinguishes forms with the same nodes
 * @param own the variables that the code declares
 * @param verbatim keeps the names of variables in the text
 */
export function normalForm(
  tag: string,
  nodes: readonly Node[],
  names: Names,
  own: readonly (Binding | undefined)[],
  isNamespace: (binding: Binding) => boolean,
  verbatim = false,
): NormalForm {
  const locals = new Map<Binding, number>()
  const references: Reference[] = []
  const slots = new Map<Binding | string, Map<string, number>>()
  const globals = new Set<string>()
  const privates = new Map<string, number>()
  const labels: string[] = []
  let unsupported: Node | undefined
  let looksAtNames = false
  let isStatic = false
  let text = tag
  for (const node of nodes) write(node)
  const [pattern, value] = nodes // of a top-level declaration
  looksAtNames ||= value !== undefined && takesName(pattern!) && mayBeFunction(value)
  // `eval` can read all names.
  if ((globals.has('eval') || looksAtNames) && !verbatim) return normalForm(tag, nodes, names, own, isNamespace, true)
  return { text, references, globals, looksAtNames, ...(unsupported && { unsupported }) }

  function write(node: Node): void {
    switch (node.type) {
      case 'Identifier':
        text += identifier(node)
        return
      case 'PrivateIdentifier':
        text += `#${numberIn(privates, node.name)} `
        return
      case 'Literal':
        text += literal(node)
        return
      case 'MetaProperty':
        if (node.meta.name === 'import') unsupported ??= place(node, 'import.meta')
        break
      case 'StaticBlock':
      case 'PropertyDefinition':
      case 'MethodDefinition': {
        const wasStatic = isStatic
        isStatic = node.type === 'StaticBlock' || node.static === true
        writeFields(node)
        isStatic = wasStatic
        return
      }
      case 'VariableDeclarator':
        looksAtNames ||= takesName(node.id) && isNode(node.init) && mayBeFunction(node.init)
        break
      case 'MemberExpression': {
        looksAtNames ||= memberOf(node) === 'name' && mayBeFunction(node.object)
        if (node.object.type === 'MetaProperty' && !node.computed) {
          const { name } = node.property
          if (PLACES.has(name)) unsupported ??= place(node, `import.meta.${name}`)
          text += `(meta ${node.object.meta.name}.${node.object.property.name}.${name})`
          return
        }
        const binding = node.object.type === 'Identifier' ? names.get(node.object) : undefined
        if (!binding || !isNamespace(binding) || node.computed || node.optional) break
        text += `(member @${slot(binding, node.property.name, { binding, member: node.property.name, node })})`
        return
      }
      case 'ImportExpression':
        if (typeof node.source.value !== 'string') {
          if (beginsRelative(node.source)) unsupported ??= relativeImport(node)
          break
        }
        text += `(import ${node.phase ?? ''}@${slot(node.source.value, '', { specifier: node.source.value, node })} `
        if (node.options) write(node.options)
        text += ')'
        return
      case 'FileLocation':
        text += `(file ${node.as} @${slot(node.specifier, 'file', { specifier: node.specifier, node })})`
        return
      case 'TaggedTemplateExpression': // only here can code see how a template was written
        text += '(tagged'
        write(node.tag)
        for (const { value } of node.quasi.quasis) text += JSON.stringify([value.cooked, value.raw])
        for (const expression of node.quasi.expressions) write(expression)
        text += ')'
        return
      case 'TemplateElement':
        text += JSON.stringify(node.value.cooked)
        return
      case 'LabeledStatement':
        labels.push(node.label.name)
        text += '(label'
        write(node.body)
        text += ')'
        labels.pop()
        return
      case 'BreakStatement':
      case 'ContinueStatement':
        text += `(${node.type} ${node.label ? labels.lastIndexOf(node.label.name) : ''})`
        return
      case 'Unsupported':
        unsupported ??= node
        return
    }
    writeFields(node)
  }

  function writeFields(node: Node): void {
    text += `(${node.type}`
    for (const field in node) {
      const value: unknown = node[field]
      if (value === false || value === null || value === undefined) continue
      if (field === 'type' || field === 'start' || field === 'end') continue
      text += ` ${field}:`
      if (Array.isArray(value)) {
        text += '['
        for (const item of value)
          if (item === null) text += '_'
          else write(item)
        text += ']'
      } else if (isNode(value)) write(value)
      else text += JSON.stringify(value)
    }
    text += ')'
  }

  function identifier(node: Node): string {
    const binding = names.get(node)
    const spelled = verbatim ? `=${node.name}` : ''
    if (!binding) {
      globals.add(node.name)
      return `!${node.name} `
    }
    const declared = own.indexOf(binding)
    if (declared >= 0) return `^${declared}${spelled} `
    if (binding.top) return `@${slot(binding, '', { binding, node })}${spelled} `
    return `$${numberIn(locals, binding)}${spelled} `
  }

  /** Whether it may be a function or class, as far as this module shows. Any import may be one. */
  function mayBeFunction(object: Node): boolean {
    if (object.type === 'ChainExpression') return mayBeFunction(object.expression)
    if (object.type === 'MetaProperty') return object.property.name === 'target'
    if (object.type === 'ThisExpression') return isStatic
    if (object.type === 'MemberExpression') return memberOf(object) === 'constructor'
    const binding = object.type === 'Identifier' ? names.get(object) : undefined
    if (!binding) return false
    return (
      ['function', 'class', 'import'].includes(binding.kind) ||
      (binding.value !== undefined && (isFunction(binding.value) || isClass(binding.value)))
    )
  }

  function slot(key: Binding | string, member: string, reference: Reference): number {
    let members = slots.get(key)
    if (!members) slots.set(key, (members = new Map()))
    let number = members.get(member)
    if (number === undefined) members.set(member, (number = references.push(reference) - 1))
    return number
  }
}

/** The name of a member, if it is literal. */
function memberOf({ property, computed }: Node): unknown {
  return computed ? property.value : property.name
}

/** Whether it is a pattern with `{ name }`. */
function takesName({ type, properties }: Node): boolean {
  return type === 'ObjectPattern' && properties.some(({ key, computed }: Node) => !computed && key?.name === 'name')
}

/** The properties of `import.meta` that depend on the module's location. A step never runs where its source file is. */
const PLACES = new Set(['url', 'dirname', 'filename', 'resolve'])

function place({ start, end }: Node, what: string): Node {
  return { type: 'Unsupported', start, end, what, isPlace: true }
}

/** Whether it can only be a path: `'./' + name`. */
function beginsRelative(source: Node): boolean {
  if (source.type === 'BinaryExpression') return beginsRelative(source.left)
  const begin: unknown = source.type === 'TemplateLiteral' ? source.quasis[0].value.cooked : source.value
  return typeof begin === 'string' && /^(\.{0,2}\/|file:)/.test(begin)
}

function relativeImport({ start, end }: Node): Node {
  return { type: 'Unsupported', start, end, what: 'import(…)', isPath: true }
}

/** The number of a key, in the order of first use. */
function numberIn<Key>(numbers: Map<Key, number>, key: Key): number {
  let number = numbers.get(key)
  if (number === undefined) numbers.set(key, (number = numbers.size))
  return number
}

function literal({ value, regex, bigint }: Node): string {
  if (regex) return `(regex ${JSON.stringify([regex.pattern, regex.flags])})`
  if (bigint !== undefined) return `${bigint}n `
  return typeof value === 'number' ? `${value} ` : JSON.stringify(value)
}
