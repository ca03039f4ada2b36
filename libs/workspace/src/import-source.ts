import { join, relative, sep } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isInside } from '@cairn/files'
import { CairnError } from '@cairn/kernel'
import { errorRecord } from '@cairn/records'
import { withBuiltIns } from '@cairn/execute'
import { refuseIrregularImports } from './regular-files.ts'

/**
 * Imports a module of the project.
 *
 * @throws CairnError BAD_DEFINITION with file and line when it, or a module that it imports, cannot be loaded
 */
export async function importSource(file: string, root: string): Promise<Readonly<Record<string, unknown>>> {
  refuseIrregularImports()
  try {
    const exported = await withBuiltIns(
      file,
      relative(root, file).replaceAll(sep, '/'),
      async () => (await import(pathToFileURL(file).href)) as Record<string, unknown>,
    )
    await turn() // Node reports unhandled rejections in this turn
    return exported
  } catch (error) {
    if (error instanceof CairnError) throw withSourcePlace(error, root)
    const isRefused =
      error instanceof SyntaxError ||
      error instanceof RangeError || // deep nesting overflows the stack
      (error as { code?: unknown } | null)?.code !== undefined
    throw (isRefused && (await faultIn(file, root, error))) || loadError(error, file, root)
  }
}

async function faultIn(file: string, root: string, error: unknown): Promise<CairnError | undefined> {
  const { loadFault } = await import('@cairn/fingerprint')
  try {
    return await loadFault(file, root, error)
  } catch (error) {
    return error instanceof CairnError ? error : undefined
  }
}

/**
 * Builds a pipeline's graph, which calls the body of the pipeline.
 *
 * @throws CairnError BAD_DEFINITION with file and line in the project if the body throws
 */
export function buildGraph<Graph>(build: () => Graph, file: string, root: string): Graph {
  try {
    return build()
  } catch (error) {
    throw error instanceof CairnError ? withSourcePlace(error, root) : loadError(error, file, root, 'built')
  }
}

/** Puts the line of the project that caused an error in front of its message, unless the message has one. */
function withSourcePlace(error: CairnError, root: string): CairnError {
  const { code, message, next, cause } = error
  const place = placeIn(error, root)
  if (!place || /^\S+:\d+\b/.test(message)) return error
  return new CairnError(code, `${place} ${message}`, { ...(next !== undefined && { next }), cause: cause ?? error })
}

/** Node's type stripping has a small stack, and fails with this error on deep nesting. */
function isTypeStrippingOverflow(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_INTERNAL_ASSERTION'
}

/** Describes an error while loading, with the first place in the project in its stack. */
function loadError(error: unknown, file: string, root: string, how = 'loaded'): CairnError {
  const place = placeIn(error, root) ?? `${relative(root, file).replaceAll(sep, '/')}:1`
  const text = isTypeStrippingOverflow(error)
    ? 'the code is nested too deeply'
    : errorRecord(error).message.split('\n')[0]!
  return new CairnError('BAD_DEFINITION', `${place} cannot be ${how}: ${text}`, {
    next: 'fix that line and run the command again',
    cause: error,
  })
}

/** Cairn's own code, for when Cairn itself is the project. */
const CAIRN = /^(libs\/kernel\/src|apps\/\w+\/dist)\//

/** Returns the first place in the project in an error's stack, as `<path>:<line>`; undefined when there is none. */
export function placeIn(error: unknown, root: string): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const places = stack.matchAll(/(file:\/\/[^\s()]+?|\/[^():\n]+?):(\d+)(?::\d+)?(?=[)\s]|$)/gm)
  const inside = [...places].map(([, at, line]) => ({
    path: relative(root, at!.startsWith('file:') ? fileURLToPath(at!) : at!),
    line,
  }))
  const found = inside.find(
    ({ path }) => isInside(join(root, path), root) && !path.split(sep).includes('node_modules') && !CAIRN.test(path),
  )
  return found && `${found.path.replaceAll(sep, '/')}:${found.line}`
}
