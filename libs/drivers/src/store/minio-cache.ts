import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { thisProcess } from '../process-id.ts'

/** A local copy of an object; the tag is the server's for these very bytes. */
export interface Copy {
  readonly file: string
  readonly etag: string
}

/**
 * Copies of objects, shared by the processes of a machine. A copy's name holds the object's tag and size: one that lost
 * power cut short is not taken for it, nor is a copy of damaged bytes once the object has been stored anew.
 */
export function objectCache(root: string) {
  const folder = resolve(root)
  const tmp = join(folder, 'tmp')
  const mine = thisProcess.replaceAll('/', '-')
  let made = 0

  /** The file moves, and appears whole. */
  const keep = (path: string, etag: string, size: number, file: string): string => {
    const kept = join(folderOf(folder, path), `${etag.replaceAll('"', '')}-${size}${extname(path)}`)
    mkdirSync(dirname(kept), { recursive: true })
    renameSync(file, kept)
    return kept
  }

  return {
    find(path: string): Copy | undefined {
      const copies = folderOf(folder, path)
      for (const name of existsSync(copies) ? readdirSync(copies) : []) {
        const [, tag, size] = /^(.+)-(\d+)(\.\w+)?$/.exec(name) ?? []
        const file = join(copies, name)
        if (tag !== undefined && statSync(file, { throwIfNoEntry: false })?.size === Number(size))
          return { file, etag: `"${tag}"` }
      }
      return undefined
    },
    keep,
    /** Keeps a file from elsewhere, if that costs nothing. */
    take(path: string, etag: string, size: number, file: string): void {
      try {
        keep(path, etag, size, file)
      } catch {
        // it lies on another disk
      }
    },
    newFile(): string {
      mkdirSync(tmp, { recursive: true })
      return join(tmp, `${mine}-${made++}`)
    },
    scratch(): string {
      mkdirSync(tmp, { recursive: true })
      return mkdtempSync(join(tmp, `${mine}-work-`))
    },
  }
}

/** The name of an object is its digest, whatever the bucket; else the whole path tells it apart. */
function folderOf(folder: string, path: string): string {
  const name = basename(path)
  const digest = isDigest(name) ? name : createHash('sha256').update(path).digest('hex')
  return join(folder, 'objects', digest.slice(0, 2), digest)
}

export function isDigest(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name)
}
