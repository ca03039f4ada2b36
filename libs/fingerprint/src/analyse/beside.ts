import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Outline } from './outline.ts'
import type { Binding, Names } from './scope.ts'
import { eachChild, type Node } from './syntax.ts'

/** Stands for the module's own path, which its text does not contain. It is deep because a path may lead up. */
const HERE = `/cairn-here${'/d'.repeat(40)}/the-module-itself`
const FOLDER = dirname(HERE)

/** The value of an expression; `placed` is set if it depends on where the module is. */
interface Known {
  readonly value: string | URL
  readonly placed: boolean
}

/**
 * Finds the data files that a module names literally: `new URL('./x.txt', import.meta.url)`,
 * `join(import.meta.dirname, 'x.txt')` and similar. Each becomes a `FileLocation`, which depends only on the file.
 * `require('./x.json')` of a `createRequire(import.meta.url)` becomes an import of that JSON. Changes the tree and the
 * names in place.
 */
export function nameFilesBeside(
  program: Node,
  names: Map<Node, Binding>,
  found: Outline,
  lineOf: (offset: number) => number,
): Outline {
  const requests = [...found.requests]
  const imports = new Map(found.imports)
  const json = new Map<string, Binding>()
  visit(program)
  return { ...found, requests, imports }

  function visit(node: Node): void {
    if (FORMS.has(node.type)) {
      const required = node.type === 'CallExpression' ? requiredJson(node) : undefined
      if (required !== undefined) return importJson(node, required)
      const known = evaluate(node)
      if (known?.placed && place(node, known.value)) return
    }
    if (node.type === 'TaggedTemplateExpression') [node.tag, ...node.quasi.expressions].forEach(visit)
    else eachChild(node, visit)
  }

  /** Returns false for the module itself and for its folder, which cannot be carried as files. */
  function place(node: Node, value: string | URL): boolean {
    const as = value instanceof URL || URL.canParse(value) ? 'href' : 'path'
    const specifier = specifierOf(String(as === 'href' ? value : pathToFileURL(String(value)).href))
    if (specifier === undefined) return false
    if (!(value instanceof URL)) become(node, { type: 'FileLocation', as, specifier, value })
    else if (node.type !== 'NewExpression')
      return false // a URL is an object, and each call creates a new one
    else {
      const [first, last] = [node.arguments[0], node.arguments.at(-1)]
      const { start, end } = { start: first.start, end: last.end }
      node['arguments'] = [{ type: 'FileLocation', start, end, as, specifier, value: value.href }]
    }
    return true
  }

  function importJson(node: Node, specifier: string): void {
    let binding = json.get(specifier)
    if (!binding) {
      const request = requests.push({ specifier, line: lineOf(node.start), how: 'static' }) - 1
      // No variable of the module can have this name, because it contains a space.
      binding = { name: `json ${specifier}`, kind: 'import', home: program, top: true, assigned: false }
      json.set(specifier, binding)
      imports.set(binding, { request, name: 'default' })
    }
    become(node, { type: 'Identifier', name: binding.name })
    names.set(node, binding)
  }

  function requiredJson({ callee, arguments: given }: Node): string | undefined {
    const [path] = given as Node[]
    if (given.length !== 1 || path?.type !== 'Literal' || !/^\.{1,2}\/.*\.json$/.test(String(path.value)))
      return undefined
    return makesRequire(callee) ? encoded(path.value as string) : undefined
  }

  /** Whether it is `createRequire(import.meta.url)`, or a constant with that value. */
  function makesRequire(node: Node): boolean {
    const value = constant(node)
    if (value?.type !== 'CallExpression' || builtinName(value.callee) !== 'module.createRequire') return false
    const from = value.arguments.length === 1 ? evaluate(value.arguments[0]) : undefined
    return from !== undefined && [HERE, pathToFileURL(HERE).href].includes(String(from.value))
  }

  /**
   * Evaluates an expression that consists of literals, the module's location, and calls of Node's path and URL
   * functions.
   */
  function evaluate(node: Node | null | undefined): Known | undefined {
    switch (node?.type) {
      case 'Literal':
        return typeof node.value === 'string' ? { value: node.value, placed: false } : undefined
      case 'FileLocation':
        return { value: node.value as string, placed: true }
      case 'Identifier': {
        const value = constant(node)
        const known = value && value !== node ? evaluate(value) : undefined
        return known?.value instanceof URL ? undefined : known // the code may have changed the URL
      }
      case 'TemplateLiteral': {
        const parts = (node.expressions as Node[]).map(evaluate)
        const texts = (node.quasis as Node[]).map(({ value }) => value.cooked as string)
        return combined(parts, (...given) => texts.map((text, index) => text + String(given[index] ?? '')).join(''))
      }
      case 'BinaryExpression':
        if (node.operator !== '+') return undefined
        return combined([evaluate(node.left), evaluate(node.right)], (left, right) => String(left) + String(right))
      case 'MemberExpression':
        return node.computed ? undefined : member(node)
      case 'NewExpression':
        return isUrl(node.callee) ? applied('new URL', node.arguments) : undefined
      case 'CallExpression': {
        const { callee } = node
        if (isMeta(callee.object) && !callee.computed && callee.property.name === 'resolve')
          return resolved(node.arguments)
        if (callee.type === 'MemberExpression' && !callee.computed && callee.property.name === 'resolve')
          if (makesRequire(callee.object)) return requireResolved(node.arguments)
        const name = builtinName(callee)
        return name === undefined ? undefined : applied(name, node.arguments)
      }
      default:
        return undefined
    }
  }

  function member({ object, property }: Node): Known | undefined {
    if (isMeta(object)) {
      const value = { url: pathToFileURL(HERE).href, filename: HERE, dirname: FOLDER }[property.name as string]
      return value === undefined ? undefined : { value, placed: true }
    }
    const known = property.name === 'href' ? evaluate(object) : undefined
    return known?.value instanceof URL ? { ...known, value: known.value.href } : undefined
  }

  function resolved(given: readonly Node[]): Known | undefined {
    const path = given.length === 1 ? evaluate(given[0]) : undefined
    if (!path || path.placed || !/^\.{1,2}\//.test(String(path.value))) return undefined
    return { value: new URL(String(path.value), pathToFileURL(HERE)).href, placed: true }
  }

  function requireResolved(given: readonly Node[]): Known | undefined {
    const path = given.length === 1 ? evaluate(given[0]) : undefined
    if (!path || path.placed || !/^\.{1,2}\//.test(String(path.value))) return undefined
    return { value: join(FOLDER, String(path.value)), placed: true }
  }

  function applied(name: string, given: readonly Node[]): Known | undefined {
    const make = Object.hasOwn(MAKES, name) ? MAKES[name]! : undefined
    return make && given.length > 0 ? combined(given.map(evaluate), make) : undefined
  }

  /** The value of a constant; undefined for a variable that may change; any other node itself. */
  function constant(node: Node): Node | undefined {
    const binding = node.type === 'Identifier' ? names.get(node) : undefined
    if (!binding) return node
    return binding.kind === 'const' && !binding.assigned && !isOwnUse(binding, node) ? binding.value : undefined
  }

  /** Whether a variable is used in its own value: `const a = a + '/x'`. */
  function isOwnUse({ value }: Binding, { start }: Node): boolean {
    return value !== undefined && value.start <= start && start < value.end
  }

  function isUrl(callee: Node): boolean {
    return (callee.name === 'URL' && !names.has(callee)) || builtinName(callee) === 'url.URL'
  }

  /** The name of a Node function, such as `path.join`, however it was imported. */
  function builtinName(callee: Node): string | undefined {
    const isMember = callee.type === 'MemberExpression' && !callee.computed
    const imported = imports.get(names.get(isMember ? callee.object : callee)!)
    if (!imported) return undefined
    const from = requests[imported.request]!.specifier.replace(/^node:/, '')
    const isWhole = imported.name === '*' || imported.name === 'default'
    if (isWhole !== isMember) return undefined
    return `${from}.${isMember ? callee.property.name : imported.name}`
  }
}

const FORMS = new Set(['NewExpression', 'CallExpression', 'TemplateLiteral', 'BinaryExpression', 'MemberExpression'])

const MAKES: Readonly<Record<string, (...given: readonly (string | URL)[]) => string | URL>> = {
  'new URL': (path, base) => new URL(path, base),
  'url.fileURLToPath': (url) => fileURLToPath(url),
  'url.pathToFileURL': (path) => pathToFileURL(String(path)),
  'path.dirname': (path) => dirname(String(path)),
  'path.join': (...paths) => join(...paths.map(String)),
  'path.resolve': (...paths) => resolve(...paths.map(String)),
}

function combined(
  parts: readonly (Known | undefined)[],
  make: (...given: readonly (string | URL)[]) => string | URL,
): Known | undefined {
  const known = parts.filter((part) => part !== undefined)
  if (known.length < parts.length || !known.some(({ placed }) => placed)) return undefined
  try {
    return { value: make(...known.map(({ value }) => value)), placed: true }
  } catch {
    return undefined // not a URL, or not of a file
  }
}

function isMeta(node: Node | undefined): boolean {
  return node?.type === 'MetaProperty' && node.meta.name === 'import'
}

/** The specifier by which the module would import a file; undefined for the module itself and its folder. */
function specifierOf(href: string): string | undefined {
  const { protocol, pathname, search, hash } = new URL(href)
  if (protocol !== 'file:') return undefined
  const way = relative(pathToFileURL(FOLDER).pathname, pathname).split(sep).join('/')
  if (way === '' || way.startsWith(basename(HERE))) return undefined
  const isInside = pathname.startsWith('/cairn-here/')
  return `${isInside ? (way.startsWith('.') ? way : `./${way}`) : href}${isInside ? search + hash : ''}`
}

/** Encodes a path for a URL. */
function encoded(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

function become(node: Node, { type, ...fields }: Omit<Node, 'start' | 'end'>): void {
  const { start, end } = node
  for (const field of Object.keys(node)) delete node[field]
  Object.assign(node, { type, start, end, ...fields })
}

/** Whether an expression gives the location of a data file that is carried with the code. */
export function isFileBeside(node: Node | undefined, names: Names): boolean {
  if (node?.type === 'FileLocation') return true
  if (node?.type === 'NewExpression') return node.callee.name === 'URL' && isFileBeside(node.arguments[0], names)
  const binding = node?.type === 'Identifier' ? names.get(node) : undefined
  return binding?.kind === 'const' && !binding.assigned && binding.value?.type !== 'Identifier'
    ? isFileBeside(binding.value, names)
    : false
}
