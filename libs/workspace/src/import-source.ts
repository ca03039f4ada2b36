import { relative, sep } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { CairnError } from '@cairn/kernel'
import { errorRecord } from '@cairn/records'
import { withBuiltIns } from '@cairn/execute'
import { importFilesOnly } from './regular-files.ts'

/**
 * Imports a module of the project.
 *
 * @throws CairnError BAD_DEFINITION with file and line if it, or one that it imports, cannot be loaded
 */
export async function importSource(file: string, root: string): Promise<Readonly<Record<string, unknown>>> {
  importFilesOnly()
  try {
    const exported = await withBuiltIns(
      file,
      relative(root, file).replaceAll(sep, '/'),
      async () => (await import(pathToFileURL(file).href)) as Record<string, unknown>,
    )
    await turn() // in which Node tells of promises that were rejected and that nothing handles
    return exported
  } catch (error) {
    if (error instanceof CairnError) throw placed(error, root)
    const isRefused =
      error instanceof SyntaxError ||
      error instanceof RangeError || // its nesting fills the stack
      (error as { code?: unknown } | null)?.code !== undefined
    throw (isRefused && (await faultIn(file, root, error))) || loadError(error, file, root)
  }
}

async function faultIn(file: string, root: string, said: unknown): Promise<CairnError | undefined> {
  const { loadFault } = await import('@cairn/fingerprint')
  try {
    return await loadFault(file, root, said)
  } catch (error) {
    return error instanceof CairnError ? error : undefined
  }
}

/**
 * Draws a pipeline, which calls its body.
 *
 * @throws CairnError BAD_DEFINITION with file and line of the project if the body throws; what it refuses itself has them, too
 */
export function drawn<Graph>(draw: () => Graph, file: string, root: string): Graph {
  try {
    return draw()
  } catch (error) {
    throw error instanceof CairnError ? placed(error, root) : loadError(error, file, root, 'drawn')
  }
}

/** With the line of the project that is to blame in front, unless it has one. */
function placed(error: CairnError, root: string): CairnError {
  const { code, message, next, cause } = error
  const place = placeIn(error, root)
  if (!place || /^\S+:\d+\b/.test(message)) return error
  return new CairnError(code, `${place} ${message}`, { ...(next !== undefined && { next }), cause: cause ?? error })
}

/** Node's eraser of types has a small stack. */
function isEraserFull(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_INTERNAL_ASSERTION'
}

/** An error that loading gave, with the first place in the project that its stack names. */
function loadError(error: unknown, file: string, root: string, how = 'loaded'): CairnError {
  const place = placeIn(error, root) ?? `${relative(root, file).replaceAll(sep, '/')}:1`
  const text = isEraserFull(error) ? 'it is nested too deeply' : errorRecord(error).message.split('\n')[0]!
  return new CairnError('BAD_DEFINITION', `${place} cannot be ${how}: ${text}`, {
    next: 'correct that line, then give the same command again',
    cause: error,
  })
}

/** Code of Cairn itself, where that is the project. */
const CAIRN = /^(libs\/kernel\/src|apps\/\w+\/dist)\//

/** The first place in the project that an error's stack names. */
export function placeIn(error: unknown, root: string): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const places = stack.matchAll(/(file:\/\/[^\s()]+?|\/[^():\n]+?):(\d+)(?::\d+)?(?=[)\s]|$)/gm)
  const inside = [...places].map(([, at, line]) => ({
    path: relative(root, at!.startsWith('file:') ? fileURLToPath(at!) : at!),
    line,
  }))
  const found = inside.find(
    ({ path }) => !path.startsWith('..') && !path.split(sep).includes('node_modules') && !CAIRN.test(path),
  )
  return found && `${found.path.replaceAll(sep, '/')}:${found.line}`
}
