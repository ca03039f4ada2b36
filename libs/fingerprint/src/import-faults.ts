import { extname } from 'node:path'
import { readFileSync } from 'node:fs'
import { CairnError } from '@cairn/kernel'
import { columnAt, lineAt, parse, type Node } from './analyse/syntax.ts'
import { isSource, type Module, type Modules } from './modules.ts'

/** Formats a position in a source file: `train.ts:5:9`. */
function placeOf({ path, text }: Module, { start }: Pick<Node, 'start'>): string {
  return `${path}:${lineAt(text, start)}:${columnAt(text, start)}`
}

/**
 * Returns the error in the module's own text that keeps Node from loading it, such as wrong syntax or a duplicate name.
 */
export function syntaxFault(module: Module): CairnError | undefined {
  if (!isSource(module)) return undefined
  const parsed = parse(module.file, module.text, { meaning: true })
  if (!('fault' in parsed)) return undefined
  const { message, line, column, next } = parsed.fault
  return refusal(column === undefined ? `${module.path}:${line}` : `${module.path}:${line}:${column}`, message, next)
}

/**
 * Returns the error for the import that keeps Node from loading a module, with the position of that import.
 *
 * @param error what Node threw
 */
export function importFault(module: Module, modules: Modules, error: unknown): CairnError | undefined {
  if (!isSource(module)) return undefined
  const parsed = parse(module.file, module.text)
  if (!('program' in parsed)) return undefined
  const message = error instanceof Error ? error.message : ''
  for (const { node, source, names } of importsIn(parsed.program)) {
    const specifier = String(source.value)
    const at = placeOf(module, node)
    if (message.includes("'assert'") && /\bassert\s*\{/.test(module.text.slice(source.end, node.end)))
      return refusal(at, `imports '${specifier}' with "assert"`, 'use "with" instead')
    const repeated = names.find(({ local }) => message === `Identifier '${local}' has already been declared`)
    if (repeated)
      return refusal(placeOf(module, repeated.node), `imports ${repeated.local}, which the module also declares`)
    const index = module.analysis.requests.findIndex((request) => request.specifier === specifier)
    const resolved = module.resolved[index]
    if (resolved?.type === 'local') {
      const found = fileFault(at, specifier, node, modules.get(resolved.file), resolved.file, modules)
      if (found) return found
    }
    // Only Node knows what packages and built-in modules export.
    const unknown = names.find(({ name }) => message.includes(`'${specifier}'`) && message.endsWith(`named '${name}'`))
    if (unknown)
      return refusal(
        placeOf(module, unknown.node),
        `imports "${unknown.name}" from '${specifier}', which does not export it`,
      )
    if (node.type !== 'ImportExpression' && isExportError(message, specifier))
      return refusal(at, `cannot import '${specifier}': ${message}`)
  }
  return undefined
}

/**
 * Whether Node's message says that the package does not export this subpath:
 * `Package subpath './sub' is not defined by "exports" in …`.
 */
function isExportError(message: string, specifier: string): boolean {
  const [, subpath] = /^Package subpath '\.(\/[^']*)' is not defined/.exec(message) ?? []
  return subpath !== undefined && specifier.endsWith(subpath)
}

function fileFault(
  at: string,
  specifier: string,
  node: Node,
  imported: Module | undefined,
  file: string,
  modules: Modules,
): CairnError | undefined {
  const type = extname(file)
  if (type === '.json') {
    const attribute = attributeOf(node)
    if (attribute !== 'json')
      return refusal(
        at,
        `imports '${specifier}' ${attribute === undefined ? 'without an attribute' : `as "${attribute}"`}`,
        `Node imports JSON with an attribute: import x from '${specifier}' with { type: 'json' }`,
      )
    return jsonFault(imported ?? modules.get(file), file)
  }
  if (type !== '' && !/^\.[cm]?[jt]s$/.test(type))
    return refusal(at, `imports '${specifier}', but Node cannot run "${type}" files`, WHAT_RUNS)
  return undefined
}

const WHAT_RUNS = 'put code into a .ts or .js file; pass other files as inputs of a step, or read them in a source'

function jsonFault(module: Module | undefined, file: string): CairnError | undefined {
  const text = readFileSync(file, 'utf8')
  try {
    JSON.parse(text)
    return undefined
  } catch (cause) {
    const { message } = cause as Error
    const position = Number(/at position (\d+)/.exec(message)?.[1] ?? text.length)
    const place = `${module?.path ?? file}:${lineAt(text, position)}:${columnAt(text, position)}`
    return refusal(place, `is not valid JSON: ${message.replace(/ \(line \d+ column \d+\)$/, '')}`)
  }
}

function attributeOf({ attributes, options }: Node): string | undefined {
  const given = (attributes ?? options?.properties?.[0]?.value?.properties ?? []) as Node[]
  return given.find(({ key }) => (key.name ?? key.value) === 'type')?.['value'].value as string | undefined
}

interface Import {
  readonly node: Node
  readonly source: Node
  readonly names: readonly { readonly name: string; readonly local: string; readonly node: Node }[]
}

/** Yields the imports of a module, including top-level `await import('…')`, but not type-only imports. */
function* importsIn(program: Node): Generator<Import> {
  for (const node of program['body'] as Node[]) {
    if (node['source'] && node['importKind'] !== 'type' && node['exportKind'] !== 'type') {
      const specifiers = (node['specifiers'] ?? []) as Node[]
      const named = specifiers.filter(({ importKind, exportKind }) => importKind !== 'type' && exportKind !== 'type')
      const names = named.map((one) => ({ node: one, name: nameOf(one), local: String(one['local']?.name) }))
      yield { node, source: node['source'] as Node, names }
    }
    for (const inner of dynamicIn(node)) yield { node: inner, source: inner['source'] as Node, names: [] }
  }
}

function nameOf({ type, imported, local }: Node): string {
  if (type === 'ImportDefaultSpecifier') return 'default'
  const name = (type === 'ExportSpecifier' ? local : imported) as Node | undefined
  return String(name?.['name'] ?? name?.['value'] ?? '*')
}

function dynamicIn(node: unknown, found: Node[] = []): Node[] {
  if (typeof node !== 'object' || node === null) return found
  const inner = node as Node
  if (/Function/.test(inner.type ?? '')) return found // does not run while the module loads
  if (inner.type === 'ImportExpression' && typeof inner['source']?.value === 'string') found.push(inner)
  for (const value of Object.values(inner)) dynamicIn(value, found)
  return found
}

/** Adds the column of the failing import to an error that has only its line. */
export function withColumn(error: CairnError, module: Module): CairnError {
  const [start, line] = /^\S+?:(\d+) /.exec(error.message) ?? []
  const parsed = start !== undefined && isSource(module) ? parse(module.file, module.text) : undefined
  if (start === undefined || !parsed || !('program' in parsed) || !start.startsWith(`${module.path}:`)) return error
  for (const { node, source, names } of importsIn(parsed.program)) {
    if (lineAt(module.text, node.start) !== Number(line) || !error.message.includes(`'${String(source['value'])}'`))
      continue
    const named = names.find(({ name }) => error.message.includes(` "${name}" from `))?.node ?? node
    return refusal(placeOf(module, named), error.message.slice(start.length), error.next)
  }
  return error
}

function refusal(place: string, message: string, next = 'fix that line and run the command again'): CairnError {
  return new CairnError('BAD_DEFINITION', `${place} ${message}`, { next })
}
