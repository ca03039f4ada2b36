import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseSync } from 'oxc-parser'
import { REPOSITORY, type Files } from './project.fixture.ts'

/** What a file of this repository says of pipelines with an `each`. */
export interface Mapped {
  readonly file: string
  /** Projects that can be written as they stand: those of its texts in which a pipeline calls `each`. */
  readonly projects: readonly Files[]
  /** Whether it calls `each` itself, or in a text that is put together while it runs. */
  readonly hasOthers: boolean
}

type Node = { readonly type: string; readonly [key: string]: unknown }

/** Every file of the repository that calls `each` of the kernel, in code or in a text. */
export function filesThatMap(fill: (file: string) => Readonly<Record<string, string>>): Mapped[] {
  const files = globSync(['{apps,libs,tools}/**/*.ts', '{README.md,docs/**/*.md}'], {
    cwd: REPOSITORY,
    exclude: (path) => ['node_modules', 'dist', 'reference'].includes(basename(path)), // what is built or generated
  })
  return files.sort().flatMap((file) => {
    const text = readFileSync(join(REPOSITORY, file), 'utf8')
    if (!callsEach(text)) return []
    const found = file.endsWith('.md') ? ofPage(text) : ofModule(file, text, fill(file))
    return found.projects.length > 0 || found.hasOthers ? [{ file, ...found }] : []
  })
}

/** A call of the function itself, not of a method of that name as in `it.each(…)`. */
function callsEach(text: string): boolean {
  return /(?<![.\w])each\(/.test(text)
}

function ofPage(text: string): Omit<Mapped, 'file'> {
  const blocks = [...text.matchAll(/^```ts file=(\S+)\n([^]*?)^```$/gm)]
  const projects = blocks.flatMap(([, name, code]) => (callsEach(code!) ? [{ [name!]: code! }] : []))
  return { projects, hasOthers: callsEach(text) && projects.length === 0 }
}

function ofModule(file: string, text: string, fill: Readonly<Record<string, string>>): Omit<Mapped, 'file'> {
  const { program } = parseSync(file, text)
  const nodes = [...nodesIn(program as unknown as Node)]
  const constants = new Map(
    nodes.flatMap((node) => (node.type === 'VariableDeclarator' ? [[nameOf(node['id']), node['init']]] : [])),
  )
  const textOf = (node: unknown): string | undefined => {
    const { type, value, name, start, end, quasis, expressions } = (node ?? {}) as Node
    if (type === 'Literal' && typeof value === 'string') return value
    const filled = fill[text.slice(start as number, end as number)]
    if (filled !== undefined) return filled
    if (type === 'Identifier') return constants.has(name as string) ? textOf(constants.get(name as string)) : undefined
    if (type !== 'TemplateLiteral') return undefined
    const cooked = (quasis as { value: { cooked: string } }[]).map((quasi) => quasi.value.cooked)
    const between = (expressions as unknown[]).map(textOf)
    if (between.some((one) => one === undefined)) return undefined
    return cooked.reduce((all, one, at) => all + between[at - 1]! + one)
  }

  const taken = new Set<unknown>()
  const projects = nodes.flatMap((node): Files[] => {
    if (node.type !== 'ObjectExpression') return []
    const properties = (node['properties'] as Node[]).flatMap((property) => {
      if (property.type !== 'Property') return []
      const { key, value } = property as unknown as { key: Node; value: Node }
      const written = textOf(value)
      const name = property['computed'] ? textOf(key) : ((key['value'] ?? key['name']) as string)
      return written === undefined || name === undefined ? [] : [{ name, value, written }]
    })
    const mapping = properties.filter(({ name, written }) => name.endsWith('.pipeline.ts') && callsEach(written))
    for (const { value } of mapping) taken.add(value)
    return mapping.length > 0 ? [Object.fromEntries(properties.map(({ name, written }) => [name, written]))] : []
  })
  const isImported = nodes.some(({ type, local }) => type === 'ImportSpecifier' && nameOf(local) === 'each')
  const constantTexts = new Set([...taken].map((node) => constants.get(nameOf(node))))
  const isOther = (node: Node) =>
    (node.type === 'CallExpression' && nameOf(node['callee']) === 'each' && isImported) ||
    (['TemplateLiteral', 'Literal'].includes(node.type) &&
      !taken.has(node) &&
      !constantTexts.has(node) &&
      callsEach(text.slice(node['start'] as number, node['end'] as number)))
  return { projects, hasOthers: nodes.some(isOther) }
}

function nameOf(node: unknown): string {
  return ((node ?? {}) as { name?: string }).name ?? ''
}

function* nodesIn(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const one of value) yield* nodesIn(one)
  else if (typeof value === 'object' && value !== null) {
    if ('type' in value && typeof value.type === 'string') yield value as Node
    for (const one of Object.values(value)) yield* nodesIn(one)
  }
}
