import { relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { CairnError } from '@cairn/kernel/runtime'

/**
 * Imports a module of the project.
 *
 * @throws CairnError BAD_DEFINITION with file and line if it, or one that it imports, cannot be loaded
 */
export async function importSource(file: string, root: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    if (error instanceof CairnError) throw error
    const isRefused = error instanceof SyntaxError || (error as { code?: unknown } | null)?.code !== undefined
    throw (isRefused && (await faultIn(file, root))) || loadError(error, file, root)
  }
}

async function faultIn(file: string, root: string): Promise<CairnError | undefined> {
  const { loadFault } = await import('@cairn/fingerprint')
  try {
    return await loadFault(file, root)
  } catch (error) {
    return error instanceof CairnError ? error : undefined
  }
}

/** An error that loading gave, with the first place in the project that its stack names. */
function loadError(error: unknown, file: string, root: string): CairnError {
  const { message = String(error), stack = '' } = error instanceof Error ? error : {}
  const places = stack.matchAll(/(file:\/\/[^\s()]+?|\/[^():\n]+?):(\d+)(?::\d+)?(?=[)\s]|$)/gm)
  const inside = [...places].map(([, at, line]) => ({
    path: relative(root, at!.startsWith('file:') ? fileURLToPath(at!) : at!),
    line,
  }))
  const found = inside.find(({ path }) => !path.startsWith('..') && !path.split(sep).includes('node_modules'))
  const { path, line } = found ?? { path: relative(root, file), line: 1 }
  const text = message.split('\n')[0]!
  return new CairnError('BAD_DEFINITION', `${path.replaceAll(sep, '/')}:${line} cannot be loaded: ${text}`, {
    next: 'correct that line, then give the same command again',
    cause: error,
  })
}
