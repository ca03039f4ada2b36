import { hash, randomUUID } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CairnError } from './errors.ts'

/** Where a file is that is carried with a step's code. */
export interface CarriedFile {
  readonly path: string
  readonly href: string
}

/** Those of the code that this process has loaded; the project may have a copy of Cairn of its own. */
const REGISTRY = Symbol.for('@cairn/kernel carried files')
const carried = ((globalThis as { [REGISTRY]?: Map<string, Carried> })[REGISTRY] ??= new Map())

/**
 * Lays files down that stand beside a step's code, in the way in which they lie to each other in the project. Stored
 * code calls it when it is loaded; no step has to.
 *
 * @param contents in base64, by path within the project
 * @throws CairnError STORE_FAILED if they cannot be written
 */
export function carriedFiles(contents: Readonly<Record<string, string>>): Record<string, CarriedFile> {
  const digest = hash('sha256', JSON.stringify(contents))
  return refusing(() => {
    const folder = join(ownFolder(), digest)
    return Object.fromEntries(
      Object.entries(contents).map(([name, content]) => {
        // A path that leads out of the project stays within the folder, too.
        const path = join(folder, ...name.split('/').map((part) => (part === '..' ? '_' : part)))
        const file = carried.get(path) ?? new Carried(path, content)
        file.layDown()
        carried.set(path, file)
        return [name, file]
      }),
    )
  })
}

/**
 * Lays down again what has been taken away since, as cleaners of temporary folders do. To be called before a body runs:
 * it may know a file's place from when its code was loaded.
 */
export function keepCarriedFiles(): void {
  if (carried.size > 0) refusing(() => carried.forEach((file) => file.keep()))
}

class Carried implements CarriedFile {
  readonly #path: string
  readonly #content: string
  /** Of the file whose bytes were looked at. */
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
    if (this.#seen === undefined || stampOf(this.#path) !== this.#seen) this.layDown()
  }

  /** Processes share it: whoever is first writes it, whole, and whoever finds another content writes it again. */
  layDown(): void {
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

/** Changes whenever a file is written or replaced. */
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

/** A folder that nobody else can write to; where its name is taken, one of this process. */
function ownFolder(): string {
  const user = process.getuid?.()
  const folder = own ?? join(tmpdir(), `cairn-files-${user ?? 'own'}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  const isOwn = user === undefined || (found.uid === user && found.isDirectory())
  if (isOwn && found.mode & 0o022) chmodSync(folder, 0o700)
  if (isOwn) return (own = folder)
  if (own !== undefined) throw new Error(`${folder} was taken away, and is another user's now`)
  return (own = mkdtempSync(`${folder}-`))
}

function refusing<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (cause) {
    const message = `the files of a step cannot be written to ${tmpdir()}: ${(cause as Error).message}`
    throw new CairnError('STORE_FAILED', message, { cause, next: 'make room there, or set TMPDIR to another folder' })
  }
}
