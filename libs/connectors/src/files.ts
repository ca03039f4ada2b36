import { hash } from 'node:crypto'
import { glob, readdir } from 'node:fs/promises'
import { relative, resolve, sep } from 'node:path'
import { CairnError, checkNoOptions, type Connector, type ConnectorContext, type LocalFile } from '@cairn/kernel'
import { checkText } from './check-text.ts'
import { fileVersion } from './file-version.ts'

/** A file that matches a pattern. */
export interface NamedFile extends LocalFile {
  /** Its path relative to the project's folder, with `/` on every system: `data/2026-01.parquet`. */
  readonly name: string
}

/** Number of files whose versions are looked up at a time. */
const CONCURRENCY = 8

/**
 * Connects a source to all files of the project that match a pattern, ordered by name. Return them as a list, so that
 * each file is an artifact of its own: an `each` over the list then computes only the items of new and changed files.
 *
 * The version is a SHA-256 of the names and contents of the files. The content of an unchanged file is read only once.
 *
 * @param pattern `*` matches within a folder and `**` across folders; relative to the project's folder, or absolute
 * @throws CairnError BAD_DEFINITION when `pattern` is not a text
 * @throws CairnError SOURCE_UNREACHABLE when a run is planned and no file matches, or one cannot be read
 * @example
 * source('load-months', {
 *   reads: { months: fromFiles('data/2026-*.parquet') },
 *   outputs: { months: list(file('parquet')) },
 *   run: ({ months }) => ({ months }),
 * })
 */
export function fromFiles(pattern: string): Connector<readonly NamedFile[]>
export function fromFiles(pattern: string, ...more: readonly unknown[]): Connector<readonly NamedFile[]> {
  checkNoOptions(more, 'fromFiles')
  checkText(pattern, 'fromFiles', `fromFiles('data/2026-*.parquet')`)
  return {
    name: pattern,
    async version(context) {
      const files = await matching(pattern, context)
      const lines: string[] = []
      for (let at = 0; at < files.length; at += CONCURRENCY) {
        const some = files.slice(at, at + CONCURRENCY)
        const versions = await Promise.all(some.map(({ path, name }) => fileVersion(path, name, context)))
        lines.push(...some.map(({ name }, index) => `${versions[index]} ${JSON.stringify(name)}`))
      }
      return hash('sha256', lines.join('\n'))
    },
    open: (context) => matching(pattern, context),
  }
}

async function matching(pattern: string, { root, signal }: ConnectorContext): Promise<NamedFile[]> {
  const { folder, rest } = withoutFixedFolders(pattern)
  const cwd = resolve(root, folder)
  // `glob` finds nothing where it may not list a folder. This fails.
  await readdir(cwd).catch(unlessMissing)
  const files: NamedFile[] = []
  for await (const entry of glob(rest, { cwd, withFileTypes: true })) {
    signal.throwIfAborted()
    if (entry.isDirectory()) continue
    const path = resolve(cwd, entry.parentPath, entry.name)
    files.push({ path, name: relative(root, path).replaceAll(sep, '/') })
  }
  if (files.length > 0) return files.sort((one, other) => (one.name < other.name ? -1 : 1))
  throw new CairnError('SOURCE_UNREACHABLE', `no file matches ${pattern} in ${root}`, {
    next: 'check the pattern: * matches within a folder, ** across folders',
  })
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}

/**
 * Splits a pattern behind the folders that it names without wildcards. Only folders behind them have to be listed: on
 * services, a body may not list the project's folder.
 */
function withoutFixedFolders(pattern: string): { readonly folder: string; readonly rest: string } {
  const parts = pattern.split('/')
  const first = parts.findIndex((part) => /[*?[\]{}()!+@]/.test(part))
  const fixed = first === -1 ? parts.length - 1 : first
  return { folder: parts.slice(0, fixed).join('/') + (fixed > 0 ? '/' : ''), rest: parts.slice(fixed).join('/') }
}
