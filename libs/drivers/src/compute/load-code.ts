import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { registerHooks, setSourceMapsSupport } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CairnError, type Step } from '@cairn/kernel'
import { decodeRecord, packagesDigest, type Code, type Manifest, type StoredCode } from '@cairn/records'
import { withBuiltIns, type LoadedCode } from '@cairn/execute'
import { withSourcesIn } from './stack.ts'

/**
 * Where the imports of each loaded closure are resolved, by its URL: in the project's folder or, for some specifiers,
 * in a folder below it.
 */
const closures = new Map<string, LoadedClosure>()
interface LoadedClosure {
  readonly root: string
  readonly imports: Manifest['imports']
  readonly code: CodeFiles
  /** The verified code, with a source map that points to the files of the project. */
  readonly source: string
}
type CodeFiles = Pick<StoredCode, 'name' | 'manifest' | 'packages'>
const loaded = new Map<string, Promise<Partial<LoadedCode>>>()

/** Returns the number of closures that this process has loaded. */
export function loadedClosures(): number {
  return loaded.size
}

/**
 * Loads a stored closure, once per process, after checking that it is the code that the run was planned with. Its
 * packages are resolved in the project, wherever the store is.
 *
 * @throws CairnError CORRUPT if the code differs from the plan, or if its packages are unknown
 */
function loadCode(code: StoredCode, root: string, step: string): Promise<Partial<LoadedCode>> {
  const key = `${code.fingerprint} ${code.digest}` // moved code has another digest: its errors name the new place
  let module = loaded.get(key)
  if (!module) {
    loaded.set(key, (module = importCode(code, root, step)))
    module.catch(() => loaded.delete(key))
  }
  return module
}

async function importCode(code: StoredCode, root: string, step: string): Promise<Partial<LoadedCode>> {
  const { fingerprint, digest, path } = code
  const bytes = readFileSync(path)
  if (hash('sha256', bytes) !== digest)
    throw new CairnError(
      'CORRUPT',
      `the stored code ${fingerprint} differs from the code that the run was planned with`,
      {
        next: REPAIR_HINT,
      },
    )
  if (closures.size === 0) {
    setSourceMapsSupport(true)
    registerHooks({ resolve: resolveInProject, load: loadChecked })
  }
  const manifest = readManifest(code)
  if (!manifest) throw packagesUnknown(code)
  const url = pathToFileURL(path).href
  const source = withSourcesIn(root, path, bytes.toString())
  closures.set(url, {
    root,
    source,
    code,
    imports: manifest.imports,
  })
  return withBuiltIns(url, `the code of ${step}`, async () => (await import(url)) as Partial<LoadedCode>)
}

/**
 * Reads the manifest of a stored closure. Returns undefined if it cannot be read, or if it lists other packages than
 * the plan.
 */
export function readManifest({ name, manifest: path, packages }: CodeFiles): Manifest | undefined {
  try {
    const manifest = path === undefined ? undefined : decodeRecord<Manifest>(readFileSync(path), `code/${name}.json`)
    return manifest && packages === packagesDigest(manifest) ? manifest : undefined
  } catch {
    return undefined
  }
}

export function packagesUnknown({ fingerprint }: Pick<StoredCode, 'fingerprint'>): CairnError {
  return new CairnError('CORRUPT', `the store does not say which packages the code ${fingerprint} needs`, {
    next: REPAIR_HINT,
  })
}

const REPAIR_HINT = 'remove the damaged code with cairn doctor --repair, then run again'

const resolveInProject: Parameters<typeof registerHooks>[0]['resolve'] = (specifier, context, next) => {
  const closure = context.parentURL === undefined ? undefined : closures.get(context.parentURL)
  if (!closure || specifier.startsWith('node:')) return next(specifier, context)
  if (/^(\.{0,2}\/|file:)/.test(specifier)) throw computedImportError(specifier, closure)
  const parent = join(closure.root, closure.imports[specifier] ?? '.', 'closure.mjs')
  try {
    return next(specifier, { ...context, parentURL: pathToFileURL(parent).href })
  } catch (error) {
    throw withImporter(importsIn(closure) || 'a step', parent, error as Error)
  }
}

/**
 * Replaces the path of the importing file in a resolution error. The path that Node names does not exist.
 *
 * @param where the place of the import in the project
 */
function withImporter(where: string, parent: string, error: Error): Error {
  const renamed = (text: string) => text.replaceAll(parent, where)
  const { message, stack = '' } = error
  return Object.defineProperties(error, {
    message: { value: renamed(message), configurable: true, writable: true },
    stack: { value: renamed(stack), configurable: true, writable: true },
  })
}

/**
 * Returns the error for an import of project code that remains at run time. A closure contains all project code that it
 * imports, except imports whose path is computed.
 */
function computedImportError(specifier: string, closure: LoadedClosure): CairnError {
  const message = `${importsIn(closure) || 'a step'} imports '${specifier}' with a path that is computed at run time, so its fingerprint cannot include the imported code`
  return new CairnError('BAD_DEFINITION', message, {
    next: "import each module by a literal path, import('./a.ts'), and choose between them",
  })
}

/** Lists where a closure imports computed paths, as `file:line`; empty if unknown. */
function importsIn({ code }: LoadedClosure): string {
  const { reaches = [], declarations = [] }: Partial<Manifest> = readManifest(code) ?? {}
  const imports = reaches.filter(({ what, detail }) => what === 'dynamic code' && detail === 'import(…)')
  return imports.map(({ via, line }) => `${declarations[via]?.file}:${line}`).join(' or ')
}

const loadChecked: Parameters<typeof registerHooks>[0]['load'] = (url, context, next) => {
  const closure = closures.get(url)
  return closure ? { format: 'module', source: closure.source, shortCircuit: true } : next(url, context)
}

/**
 * Loads a step's code for `execute`, with the fallback's code if that is given.
 *
 * @param live steps of this process, by name, for code that is not stored
 * @throws CairnError BAD_DEFINITION if the code is neither stored nor in `live`; CORRUPT if stored code differs from
 *   the plan
 */
export async function codeOf(
  { step, code, fallback }: { readonly step: string; readonly code: Code; readonly fallback?: Code },
  root: string,
  live: ReadonlyMap<string, Step>,
): Promise<LoadedCode> {
  const load = async (part: Code): Promise<Partial<LoadedCode>> => {
    if (!('inline' in part)) return loadCode(part, root, step)
    const { definition } = live.get(step) ?? {}
    if (definition) return { ...definition, ...(definition.catch && { fallback: definition.catch }) }
    throw new CairnError(
      'BAD_DEFINITION',
      `${step} has no stored code, and this process does not have its definition`,
      {
        next: 'export the step at module level',
      },
    )
  }
  const body = await load(code)
  const caught = fallback && (await load(fallback)).fallback
  return { ...body, ...(caught && { fallback: caught }) } as LoadedCode
}
