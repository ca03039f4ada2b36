import { readFileSync } from 'node:fs'
import { basename, extname, relative, sep } from 'node:path'
import { CairnError } from '@cairn/kernel'
import type { Analysis } from './analyse/analyse.ts'
import type { Cache } from './cache.ts'
import { digest, digestBytes } from './digest.ts'
import { fileBeside } from './packages/file-beside.ts'
import type { Resolved, Resolver } from './packages/resolve.ts'
import { loadParser } from './analyse/syntax.ts'

/** A local file, read and analysed. If `isFile` is set, it is a data file, and `text` is its bytes in base64. */
export interface Module {
  readonly file: string
  /** Relative to the project's folder, with forward slashes. */
  readonly path: string
  readonly text: string
  /** SHA-256 (hex) of the text; for a data file, of its name and bytes. */
  readonly hash: string
  readonly isFile?: true
  readonly analysis: Analysis
  /** What each request of the analysis resolves to. */
  readonly resolved: readonly Resolved[]
  /** Position in the order in which the modules are evaluated. */
  order: number
}

/** The local files that an entry imports, directly or indirectly, by real path. The entry comes first. */
export type Modules = ReadonlyMap<string, Module>

/**
 * Reads and analyses a module and everything that it imports.
 *
 * @throws CairnError NOT_FOUND if the entry cannot be read
 */
export async function loadModules(entry: string, root: string, resolver: Resolver, cache: Cache): Promise<Modules> {
  const modules = new Map<string, Module>()
  const waiting = [entry]
  for (const file of waiting) {
    const text = modules.has(file) ? undefined : readSource(file)
    if (text === undefined) continue // for example a folder; the import is reported if a step reaches it
    const hash = digestBytes(text)
    const analysis = await analysisOf(file, text, hash, cache)
    const resolved = analysis.requests.map(({ specifier, how }) =>
      how === 'file' ? fileBeside(specifier, file, root) : resolver.resolve(specifier, file),
    )
    for (const target of resolved) if (target.type === 'local') waiting.push(target.file)
    const path = relative(root, file).split(sep).join('/')
    modules.set(file, { file, path, text, hash, analysis, resolved, order: -1 })
    for (const target of resolved) if (target.type === 'file') addFile(target.file, root, modules)
  }
  if (modules.size === 0)
    throw new CairnError('NOT_FOUND', `${entry} cannot be read: ${whyNot(entry)}`, {
      next: 'check the file, or change its path in package.json',
    })
  orderModules(modules)
  return modules
}

function readSource(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '') // the parser and Node count a BOM differently
  } catch {
    return undefined
  }
}

function whyNot(file: string): string {
  try {
    readFileSync(file)
    return 'it disappeared while it was being read'
  } catch (error) {
    return (error as Error).message
  }
}

async function analysisOf(file: string, text: string, hash: string, cache: Cache): Promise<Analysis> {
  const type = extname(file)
  if (type === '.json') return jsonAnalysis(file, hash)
  if (!SOURCE_FILES.test(type))
    return { ...NOTHING, fault: { message: 'is not a module that can be fingerprinted', line: 1, next: NEXT } }
  const key = `module:${type}:${hash}`
  const known = cache.get<Analysis>(key)
  if (known) return known
  const { analyse } = await import('./analyse/analyse.ts') // loaded late because loading is slow
  await loadParser()
  const analysis = analyse(file, text)
  cache.set(key, analysis)
  return analysis
}

const SOURCE_FILES = /^\.[cm]?[jt]sx?$/
const NEXT = 'pass it as an input of the step, or read it in a source'
const NOTHING = { requests: [], imports: [], exports: {}, stars: [], units: [] }

function jsonAnalysis(file: string, hash: string): Analysis {
  const code = { hash, refs: [], touches: [], inert: true } as const
  const unit = { what: 'value', name: basename(file), names: ['default'], line: 1, code } as const
  return { ...NOTHING, units: [unit], exports: { default: { unit: 0, binding: 0 } } }
}

/** Whether the module is code, neither JSON nor a data file. */
export function isSource({ isFile, file }: Module): boolean {
  return !isFile && SOURCE_FILES.test(extname(file))
}

/** The key of a data file, which differs from that of a module because a file can be both read and imported. */
export function keyOfFile(file: string): string {
  return `file ${file}`
}

function addFile(file: string, root: string, modules: Map<string, Module>): void {
  if (modules.has(keyOfFile(file))) return
  const bytes = readFileSync(file)
  const name = basename(file)
  const hash = digest('file', [name, digestBytes(bytes)])
  const code = { hash, refs: [], touches: [], inert: true } as const
  const unit = { what: 'value', name, names: ['default'], line: 1, code, fixed: true } as const
  const path = relative(root, file).split(sep).join('/')
  const analysis = { ...NOTHING, units: [unit] }
  const text = bytes.toString('base64')
  modules.set(keyOfFile(file), { file, path, text, hash, isFile: true, analysis, resolved: [], order: -1 })
}

/** Sets the evaluation order as Node does, dependencies first. Modules that are only imported dynamically come last. */
function orderModules(modules: Modules): void {
  let order = 0
  const visited = new Set<Module>()
  for (const module of modules.values()) visit(module)

  function visit(module: Module): void {
    if (visited.has(module)) return
    visited.add(module)
    for (const [index, target] of module.resolved.entries()) {
      const imported = target.type === 'local' ? modules.get(target.file) : undefined
      if (imported && module.analysis.requests[index]!.how !== 'dynamic') visit(imported)
    }
    module.order = order++
  }
}
