import { hash, randomUUID } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CairnError } from '../errors.ts'

/** Where a file is that is carried with a step's code. */
export interface CarriedFile {
  readonly path: string
  readonly href: string
}

/**
 * Lays files down that stand beside a step's code, in the way in which they lie to each other in the project. Stored
 * code calls it when it is loaded; no step has to.
 *
 * @param contents in base64, by path within the project
 * @throws CairnError STORE_FAILED if they cannot be written
 */
export function carriedFiles(contents: Readonly<Record<string, string>>): Record<string, CarriedFile> {
  const digest = hash('sha256', JSON.stringify(contents))
  try {
    const folder = join(ownFolder(), digest)
    return Object.fromEntries(
      Object.entries(contents).map(([name, content]) => {
        // A path that leads out of the project stays within the folder, too.
        const path = join(folder, ...name.split('/').map((part) => (part === '..' ? '_' : part)))
        layDown(path, Buffer.from(content, 'base64'))
        return [name, { path, href: pathToFileURL(path).href }]
      }),
    )
  } catch (cause) {
    const message = `the files of a step cannot be written to ${tmpdir()}: ${(cause as Error).message}`
    throw new CairnError('STORE_FAILED', message, { cause, next: 'make room there, or set TMPDIR to another folder' })
  }
}

/** Processes share them: whoever is first writes a file, whole, and whoever finds another content writes it again. */
function layDown(path: string, content: Buffer): void {
  if (holds(path, content)) return
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${randomUUID()}`
  writeFileSync(temporary, content, { mode: 0o400 })
  renameSync(temporary, path)
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
  if (own !== undefined) return own
  const user = process.getuid?.()
  const shared = join(tmpdir(), `cairn-files-${user ?? 'own'}`)
  mkdirSync(shared, { recursive: true, mode: 0o700 })
  const { mode, uid } = lstatSync(shared)
  const isOwn = user === undefined || (uid === user && lstatSync(shared).isDirectory())
  if (isOwn && mode & 0o022) chmodSync(shared, 0o700)
  return (own = isOwn ? shared : mkdtempSync(`${shared}-`))
}
