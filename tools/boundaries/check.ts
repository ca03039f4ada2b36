import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { findCycles } from './cycles.ts'
import { filesIn, importsOf, isTestFile } from './imports.ts'
import { BEFORE_INSTALL, NEVER_IMPORTED, NEVER_IN_STEPS, TABLE, TEST_PACKAGES, type Row } from './table.ts'

/** Imports that the table does not allow, each as `file: what is wrong`. */
export function findViolations(root: string, table: Readonly<Record<string, Row>> = TABLE): string[] {
  const known = new Set(Object.keys(table))
  const unlisted = globSync('{apps,libs}/*/package.json', { cwd: root })
    .map((file) => dirname(file))
    .filter((part) => !known.has(part))
    .map((part) => `${part}: has no row in the import table (tools/boundaries/table.ts)`)
  return [...unlisted, ...Object.entries(table).flatMap(([part, row]) => checkPart(root, part, row))]
}

function checkPart(root: string, part: string, row: Row): string[] {
  const manifest = join(root, part, 'package.json')
  if (!existsSync(manifest)) return []
  const { dependencies = {}, exports = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    dependencies?: Record<string, string>
    exports?: Record<string, string>
  }
  const undeclared = Object.keys(dependencies)
    .filter((name) => !isAllowed(name, row, []))
    .map((name) => `${part}/package.json: may not depend on ${name}`)
  return [
    ...undeclared,
    ...filesIn(root, part).flatMap((file) => checkFile(root, { part, row, entries: Object.values(exports) }, file)),
  ]
}

interface Part {
  readonly part: string
  readonly row: Row
  /** Files that its package.json exports; one may build on another. */
  readonly entries: readonly string[]
}

function checkFile(root: string, part: Part, file: string): string[] {
  return importsOf(join(root, file)).flatMap((specifier) => {
    const wrong = verdict(root, part, file, specifier, isTestFile(file) ? TEST_PACKAGES : [])
    return wrong === undefined ? [] : [`${file}: ${wrong}`]
  })
}

function verdict(
  root: string,
  { part, row, entries }: Part,
  file: string,
  specifier: string,
  more: readonly string[],
): string | undefined {
  if (specifier.startsWith('node:')) return undefined
  if (specifier.startsWith('.')) {
    const target = relative(join(root, part), resolve(root, dirname(file), specifier))
    if (target.startsWith('..') && file.startsWith(BEFORE_INSTALL)) return undefined
    if (target.startsWith('..'))
      return `imports ${specifier} from outside its part; import the other part's package instead`
    const isEntry = entries.includes(`./${relative(part, file)}`)
    const isInner = part.startsWith('libs/') && target === 'src/index.ts' && !isEntry && !/\.test(-d)?\.ts$/.test(file)
    return isInner ? 'imports its own index.ts; import the file that defines it' : undefined
  }
  if (part === 'libs/pipelines' && NEVER_IN_STEPS.some((pattern) => pattern.test(specifier)))
    return `a step may not import ${specifier}: tracking, transport and hosting stay outside`
  const name = packageOf(specifier)
  return isAllowed(name, row, more) || `@cairn/${part.split('/')[1]}` === name
    ? undefined
    : `may not import ${specifier}`
}

function isAllowed(name: string, { libs, packages }: Row, more: readonly string[]): boolean {
  if ([...packages, ...more].some((allowed) => matches(allowed, name))) return true
  if (!name.startsWith('@cairn/')) return false
  const lib = name.slice('@cairn/'.length)
  return !NEVER_IMPORTED.includes(lib) && (libs.includes(lib) || libs.includes('*'))
}

/** `@nestjs/*` allows all of a scope. */
function matches(allowed: string, name: string): boolean {
  return allowed.endsWith('/*') ? name.startsWith(allowed.slice(0, -1)) : allowed === name
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

if (import.meta.main) {
  const root = resolve(process.argv[2] ?? join(import.meta.dirname, '../..'))
  const violations = [...findViolations(root), ...findCycles(root)]
  for (const violation of violations) console.error(violation)
  console.log(
    violations.length === 0
      ? 'the table allows every import; no import cycles'
      : `${violations.length} imports that the table does not allow, or import cycles`,
  )
  process.exitCode = violations.length === 0 ? 0 : 1
}
