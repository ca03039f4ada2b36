import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { keepVerified } from '@cairn/files'
import { thisProcess } from '../../process-id.ts'
import { leftovers } from '../folder-leftovers.ts'
import { Eviction } from './eviction.ts'

/** A local copy of an object, with the ETag that the server gave these bytes. */
export interface Copy {
  readonly file: string
  readonly etag: string
}

/** Minimum time between updates of a copy's mtime, because after each one other processes hash the copy again. */
const TOUCH_MS = 60_000

/**
 * Opens the local copies of objects, which are shared by the processes of a machine. The file name of a copy contains
 * the ETag and size of the object, so that a copy truncated by a power loss is not used, nor is a copy of damaged bytes
 * after the object was stored again.
 *
 * @param limit maximum size of all copies, in bytes; beyond it, the least recently used are deleted
 * @param areHeld whether every user of a copy holds it (see `LocalCopies`)
 */
export function objectCache(root: string, limit: number, areHeld: boolean) {
  const folder = resolve(root)
  const [objects, tmp] = [join(folder, 'objects'), join(folder, 'tmp')]
  const mine = thisProcess.replaceAll('/', '-')
  const eviction = new Eviction({ folder, process: mine, limit, areHeld })
  let files = 0
  let keptSinceTidied = Infinity

  /** Moves a file to the copies, atomically. Returns its new path. */
  const keep = (path: string, etag: string, size: number, file: string): string => {
    const kept = join(folderOf(objects, path), `${etag.replaceAll('"', '')}-${size}${extname(path)}`)
    touch(file)
    place(file, kept)
    keptSinceTidied += size
    return kept
  }

  return {
    eviction,
    find(path: string): Copy | undefined {
      const copies = folderOf(objects, path)
      let newest: (Copy & { readonly usedMs: number }) | undefined
      for (const name of fs.existsSync(copies) ? fs.readdirSync(copies) : []) {
        const [, tag, size] = /^(.+)-(\d+)(\.\w+)?$/.exec(name) ?? []
        const file = join(copies, name)
        const found = fs.statSync(file, { throwIfNoEntry: false })
        if (tag === undefined || found?.size !== Number(size) || found.mtimeMs < (newest?.usedMs ?? -Infinity)) continue
        newest = { file, etag: `"${tag}"`, usedMs: found.mtimeMs }
      }
      if (newest && newest.usedMs < Date.now() - TOUCH_MS) {
        const { file } = newest
        keepVerified(digestIn(path) ?? '', file, () => touch(file))
      }
      return newest
    },
    keep,
    /** Moves a file that was stored to the copies, if it is on the same disk. */
    take(path: string, etag: string, size: number, file: string): void {
      try {
        keep(path, etag, size, file)
      } catch {
        // it is on another disk
      }
    },
    /** Enforces the limit and removes files of dead processes: at the first call, then after each 5 % of the limit. */
    async tidy(): Promise<void> {
      if (keptSinceTidied < limit / 20) return
      keptSinceTidied = 0
      try {
        for (const left of leftovers(folder)) await rm(left, { recursive: true, force: true })
        await eviction.shrink()
      } catch {
        // a later call tries again
      }
    },
    newFile(): string {
      fs.mkdirSync(tmp, { recursive: true })
      return join(tmp, `${mine}-${files++}`)
    },
    scratch(): string {
      fs.mkdirSync(tmp, { recursive: true })
      return fs.mkdtempSync(join(tmp, `${mine}-work-`))
    },
  }
}

function place(file: string, target: string): void {
  for (let tries = 1; ; tries++) {
    fs.mkdirSync(dirname(target), { recursive: true })
    try {
      return fs.renameSync(file, target)
    } catch (error) {
      if (tries === 3) throw error // before that, another process may have removed the empty folder
    }
  }
}

function touch(file: string): void {
  const now = new Date()
  fs.utimesSync(file, now, now)
}

/** Returns the folder for the copies of a path: by digest for an object, by a hash of the path for other files. */
function folderOf(objects: string, path: string): string {
  const digest = digestIn(path) ?? createHash('sha256').update(path).digest('hex')
  return join(objects, digest.slice(0, 2), digest)
}

/** Returns the digest in a path; undefined if its name is not a digest. */
export function digestIn(path: string): string | undefined {
  const name = basename(path)
  return /^[0-9a-f]{64}$/.test(name) ? name : undefined
}
