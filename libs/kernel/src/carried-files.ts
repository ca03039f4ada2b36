import { hash, randomUUID } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CairnError } from './errors.ts'

/** A file that travels with a step's code: its absolute path on this machine, and the same path as a `file:` URL. */
export interface CarriedFile {
  readonly path: string
  readonly href: string
}

/** The files of all code that this process has loaded. Global, because the project may load its own copy of Cairn. */
const REGISTRY = Symbol.for('@cairn/kernel carried files')
const carried = ((globalThis as { [REGISTRY]?: Map<string, Carried> })[REGISTRY] ??= new Map())

/**
 * Writes the files that a step's code reads to a temporary folder, at the same relative paths as in the project. Stored
 * code calls this when it is loaded; a step never has to.
 * @param contents file contents in base64, by path within the project
 * @returns the written files, by the same paths
 * @throws CairnError STORE_FAILED when a file cannot be written
 */
export function carriedFiles(contents: Readonly<Record<string, string>>): Record<string, CarriedFile> {
  const digest = hash('sha256', JSON.stringify(contents))
  return refusing(() => {
    const folder = join(ownFolder(), digest)
    return Object.fromEntries(
      Object.entries(contents).map(([name, content]) => {
        // A path with `..` leaves the project; its file must still stay inside the folder.
        const path = join(folder, ...name.split('/').map((part) => (part === '..' ? '_' : part)))
        const file = carried.get(path) ?? new Carried(path, content)
        file.write()
        carried.set(path, file)
        return [name, file]
      }),
    )
  })
}

/**
 * Restores carried files that were changed or deleted, for example by a cleaner of temporary folders. Call it before a
 * body runs: the body may hold a path from when its code was loaded.
 * @throws CairnError STORE_FAILED when a file cannot be written
 */
export function keepCarriedFiles(): void {
  if (carried.size > 0) refusing(() => carried.forEach((file) => file.keep()))
}

class Carried implements CarriedFile {
  readonly #path: string
  readonly #content: string
  /** The stamp of the file when its bytes were last verified. */
  #seen: string | undefined

  constructor(path: string, content: string) {
    this.#path = path
    this.#content = content
  }

  get path(): string {
    refusing(() => this.keep())
    return this.#path
  }

  get href(): string {
    return pathToFileURL(this.path).href
  }

  keep(): void {
    if (this.#seen === undefined || stampOf(this.#path) !== this.#seen) this.write()
  }

  /** Processes share the file, so it is written under another name and renamed: no process reads half of it. */
  write(): void {
    const bytes = Buffer.from(this.#content, 'base64')
    if (!holds(this.#path, bytes)) {
      ownFolder()
      mkdirSync(dirname(this.#path), { recursive: true })
      const temporary = `${this.#path}.${randomUUID()}`
      writeFileSync(temporary, bytes, { mode: 0o400 })
      renameSync(temporary, this.#path)
    }
    this.#seen = stampOf(this.#path)
  }
}

/** A stamp that changes whenever the file is written or replaced; undefined when there is no file. */
function stampOf(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false, bigint: true })
  return stat && `${stat.ino} ${stat.size} ${stat.ctimeNs}`
}

function holds(path: string, content: Buffer): boolean {
  try {
    return lstatSync(path).isFile() && readFileSync(path).equals(content)
  } catch {
    return false
  }
}

let own: string | undefined

/** A folder that no other user can write to. If another user owns the usual name, this process creates its own. */
function ownFolder(): string {
  const user = process.getuid?.()
  const folder = own ?? join(tmpdir(), `cairn-files-${user ?? 'own'}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  const isOwn = user === undefined || (found.uid === user && found.isDirectory())
  if (isOwn && found.mode & 0o022) chmodSync(folder, 0o700)
  if (isOwn) return (own = folder)
  if (own !== undefined) throw new Error(`${folder} now belongs to another user`)
  return (own = mkdtempSync(`${folder}-`))
}

function refusing<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (cause) {
    const message = `the files of a step cannot be written to ${tmpdir()}: ${(cause as Error).message}`
    throw new CairnError('STORE_FAILED', message, {
      cause,
      next: 'free some space there, or set TMPDIR to another folder',
    })
  }
}
