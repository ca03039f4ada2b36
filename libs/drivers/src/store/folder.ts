import * as fs from 'node:fs'
import { mkdirSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { ignoreInGit } from '@cairn/files'
import { CairnError } from '@cairn/kernel'
import { requireStoreFormat, STORE_FILE, STORE_FORMAT, type ArtifactStore } from '@cairn/records'
import { thisProcess } from '../process-id.ts'
import { whileLockedSync } from '../lock.ts'

export interface FolderStoreOptions {
  /**
   * What a finished write survives. `process-crash`: the data may still be in the page cache, and is lost if the
   * machine goes down. `power-loss`: files and folders are synced first. Default: `process-crash`.
   */
  readonly durability?: 'process-crash' | 'power-loss'
}

/**
 * A store in a folder, which several processes may use at once. Every write is atomic: the file is written to `tmp/`,
 * then linked (if only the first writer may succeed) or renamed into place. A process killed at any point leaves at
 * most a file in `tmp/`.
 *
 * Records are small, so they are read and written synchronously: a system call takes microseconds, and libuv's thread
 * pool costs ten times as much.
 *
 * @throws CairnError STORE_FAILED if the folder cannot be created; BAD_RECORD if it has another store format
 */
export function folderStore(root: string, { durability = 'process-crash' }: FolderStoreOptions = {}): ArtifactStore {
  const folder = resolve(root)
  const tmp = join(folder, 'tmp')
  const sync = durability === 'power-loss'
  let written = 0

  const at = (path: string): string => {
    if (isAbsolute(path) || path.split('/').includes('..'))
      throw new CairnError('STORE_REFUSED', `${path} is outside the store`)
    return join(folder, path)
  }
  const newFile = (): string => join(tmp, `${thisProcess.replaceAll('/', '-')}-${written++}`)

  /** Writes a new file in `tmp/`. Returns its path. */
  const writeNewFile = (bytes: Uint8Array): string => {
    const file = newFile()
    inFolder(file, () => {
      const handle = fs.openSync(file, 'wx')
      try {
        for (let at = 0; at < bytes.byteLength;) at += fs.writeSync(handle, bytes, at)
        if (sync) fs.fsyncSync(handle)
      } finally {
        fs.closeSync(handle)
      }
    })
    return file
  }
  const place = (how: typeof fs.linkSync | typeof fs.renameSync, file: string, target: string): void => {
    inFolder(target, () => how(file, target))
    if (sync) syncFolder(dirname(target))
  }
  const attempt = <Result>(what: string, path: string, work: () => Result): Result => {
    try {
      return work()
    } catch (error) {
      throw storeError(what, path, folder, error)
    }
  }

  attempt('be opened', '', () => openStore(folder, (bytes) => writeNewFile(bytes)))

  return {
    async read(path) {
      return attempt('be read', path, () => readIfThere(at(path)))
    },
    async create(path, bytes) {
      return attempt('be written', path, () => {
        const file = writeNewFile(bytes)
        try {
          place(fs.linkSync, file, at(path))
          return true
        } catch (error) {
          if (codeOf(error) === 'EEXIST') return false
          throw error
        } finally {
          fs.unlinkSync(file)
        }
      })
    },
    async replace(path, expected, bytes) {
      return attempt('be written', path, () =>
        whileLockedSync(join(tmp, `lock-${path.replaceAll('/', '+')}`), () => {
          const present = readIfThere(at(path))
          if (present === undefined ? expected !== undefined : !expected || !present.equals(expected)) return false
          place(fs.renameSync, writeNewFile(bytes), at(path))
          return true
        }),
      )
    },
    async put(path, content) {
      // Replaces an existing object, too, which may be damaged: a rename is cheap.
      attempt('be written', path, () =>
        place(
          fs.renameSync,
          'file' in content ? takeFile(content.file, newFile, sync) : writeNewFile(content),
          at(path),
        ),
      )
    },
    async fetch(path) {
      return fs.existsSync(at(path)) ? at(path) : undefined
    },
    async stat(path) {
      const found = fs.statSync(at(path), { throwIfNoEntry: false })
      return found && { size: found.size, modified: found.mtimeMs }
    },
    async *list(path) {
      yield* walk(folder, path)
    },
    async children(path, after = '') {
      return (unlessMissing(() => fs.readdirSync(at(path))) ?? []).filter((name) => name > after)
    },
    async remove(path) {
      attempt('be removed', path, () => unlessMissing(() => fs.unlinkSync(at(path))))
    },
    async move(from, to) {
      return attempt('be moved', from, () => {
        const now = new Date()
        const moved = unlessMissing(() => {
          fs.utimesSync(at(from), now, now)
          place(fs.renameSync, at(from), at(to))
          return true
        })
        return moved ?? false
      })
    },
    async scratch() {
      return attempt('be written', 'tmp', () => {
        mkdirSync(tmp, { recursive: true })
        return fs.mkdtempSync(join(tmp, `${thisProcess.replaceAll('/', '-')}-work-`))
      })
    },
  }
}

function openStore(folder: string, writeNewFile: (bytes: Uint8Array) => string): void {
  const marker = join(folder, STORE_FILE)
  const text = unlessMissing(() => fs.readFileSync(marker, 'utf8'))
  if (text === undefined) {
    const file = writeNewFile(Buffer.from(`${JSON.stringify({ format: STORE_FORMAT })}\n`))
    fs.renameSync(file, marker)
    ignoreInGit(folder)
    return
  }
  const { format } = JSON.parse(text) as { format: number }
  requireStoreFormat(format, `the store ${folder}`)
}

/** Moves a file to `tmp/` of the store, or copies it from another file system. Returns its path. */
function takeFile(file: string, newFile: () => string, sync: boolean): string {
  const mine = newFile()
  inFolder(mine, () => {
    try {
      fs.renameSync(file, mine)
    } catch (error) {
      if (codeOf(error) !== 'EXDEV') throw error
      fs.copyFileSync(file, mine)
      fs.unlinkSync(file)
    }
  })
  if (sync) syncFolder(mine)
  return mine
}

/** Runs `work`, which writes `file`. Creates the folder and repeats it only if the folder is missing, which is rare. */
function inFolder(file: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    makeFolder(dirname(file))
    work()
  }
}

/** Creates a folder and its parents. Node's `recursive` option never returns below /proc, for example. */
function makeFolder(path: string): void {
  try {
    fs.mkdirSync(path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && !fs.existsSync(path))
      throw new CairnError('STORE_FAILED', `${path} is a link to ${fs.readlinkSync(path)}, which does not exist`, {
        cause: error,
        next: 'create the folder that it links to, or use another store: --store <folder>',
      })
    if (codeOf(error) === 'EEXIST') return
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    if (fs.existsSync(dirname(path))) throw error
    makeFolder(dirname(path))
    makeFolder(path)
  }
}

function syncFolder(path: string): void {
  const handle = fs.openSync(path, 'r')
  try {
    fs.fsyncSync(handle)
  } finally {
    fs.closeSync(handle)
  }
}

function* walk(root: string, path: string): Iterable<{ path: string; size: number; modified: number }> {
  for (const entry of unlessMissing(() => fs.readdirSync(join(root, path), { withFileTypes: true })) ?? []) {
    const inner = `${path}${entry.name}`
    if (entry.isDirectory()) yield* walk(root, `${inner}/`)
    else {
      const found = fs.statSync(join(root, inner), { throwIfNoEntry: false })
      if (found) yield { path: inner, size: found.size, modified: found.mtimeMs }
    }
  }
}

/** Reads a file if it exists. Checks that first, because an error costs five times as much as the check. */
function readIfThere(path: string): Buffer | undefined {
  return fs.existsSync(path) ? unlessMissing(() => fs.readFileSync(path)) : undefined
}

function unlessMissing<Value>(work: () => Value): Value | undefined {
  try {
    return work()
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space, for example with cairn gc, then run again: finished steps are reused',
  EACCES: 'check the owner and the permissions of the folder',
  EROFS: 'the file system is read-only: use another store, --store <folder>',
}

/** Errors of names that a file system never accepts. */
const NAMES_REFUSED: ReadonlySet<string> = new Set(['ENAMETOOLONG', 'EINVAL', 'ERR_INVALID_ARG_VALUE', 'EILSEQ'])

function storeError(what: string, path: string, folder: string, error: unknown): unknown {
  if (error instanceof CairnError) return error
  const { code = '', message } = error as NodeJS.ErrnoException
  const next = ADVICE[code]
  const kind = NAMES_REFUSED.has(code) ? 'STORE_REFUSED' : 'STORE_FAILED'
  return new CairnError(kind, `${path || folder} cannot ${what} in the store ${folder}: ${message}`, {
    cause: error,
    ...(next !== undefined && { next }),
  })
}
