import { globSync, readFileSync } from 'node:fs'
import { parseSync, Visitor } from 'oxc-parser'

/** The project's own code files in a folder, as paths from the root. */
export function filesIn(root: string, folder: string): string[] {
  return globSync(`${folder}/**/*.{ts,js,mjs}`, {
    cwd: root,
    exclude: (name) => /^(node_modules|dist)$/.test(name),
  })
}

/** Tests, and what only tests use. */
export function isTestFile(file: string): boolean {
  return /\.(test|test-d|suite|fixture)\.ts$/.test(file) || /\/(simulation|test)\//.test(file)
}

/** The specifiers that a file imports or re-exports: statically, dynamically or as types. */
export function importsOf(file: string): readonly string[] {
  const source = readFileSync(file, 'utf8')
  const known = parsed.get(source) ?? parseImports(file, source)
  parsed.set(source, known)
  return known
}

/** The imports of sources that were parsed before, as parsing is nearly all of a check. */
const parsed = new Map<string, readonly string[]>()

function parseImports(file: string, source: string): string[] {
  const { module, program, errors } = parseSync(file, source)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`)
  const reexported = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest }) => (moduleRequest ? [moduleRequest.value] : [])),
  )
  const dynamic = module.dynamicImports
    .map(({ moduleRequest: { start, end } }) => source.slice(start, end))
    .filter((text) => /^['"]/.test(text))
  const types: string[] = []
  // Walking the whole tree is slow, and most files have no `import('…')`.
  if (/\bimport\s*\(/.test(source))
    new Visitor({ TSImportType: ({ source }) => void types.push(source.value) }).visit(program)
  return [
    ...new Set([
      ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
      ...reexported,
      ...dynamic.map((text) => text.slice(1, -1)),
      ...types,
    ]),
  ]
}
