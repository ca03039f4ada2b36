import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { keepVerified } from '@cairn/files'
import { thisProcess } from '../../process-id.ts'
import { leftovers } from '../folder-leftovers.ts'
import { Eviction } from './eviction.ts'

/** A local copy of an object; the tag is the server's for these very bytes. */
export interface Copy {
  readonly file: string
  readonly etag: string
}

/** The time of the last use is written at most this often: other processes hash a copy again after it was changed. */
const NOTED_MS = 60_000

/**
 * Copies of objects, shared by the processes of a machine. A copy's name holds the object's tag and size: one that lost
 * power cut short is not taken for it, nor is a copy of damaged bytes once the object has been stored anew.
 *
 * @param limit maximum size of all copies, in bytes; beyond it, the least recently used are deleted
 * @param areHeld whether every user of a copy holds it
 */
export function objectCache(root: string, limit: number, areHeld: boolean) {
  const folder = resolve(root)
  const [objects, tmp] = [join(folder, 'objects'), join(folder, 'tmp')]
  const mine = thisProcess.replaceAll('/', '-')
  const eviction = new Eviction({ folder, process: mine, limit, areHeld })
  let made = 0
  let keptSinceTidied = Infinity

  /** The file moves, and appears whole. */
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
      for (const name of fs.existsSync(copies) ? fs.readdirSync(copies) : []) {
        const [, tag, size] = /^(.+)-(\d+)(\.\w+)?$/.exec(name) ?? []
        const file = join(copies, name)
        const found = fs.statSync(file, { throwIfNoEntry: false })
        if (tag === undefined || found?.size !== Number(size)) continue
        if (found.mtimeMs < Date.now() - NOTED_MS) keepVerified(digestIn(path) ?? '', file, () => touch(file))
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
    /** Enforces the limit and removes what dead processes left. Lists all copies, but only now and then. */
    async tidy(): Promise<void> {
      if (keptSinceTidied < limit / 20) return
      keptSinceTidied = 0
      try {
        for (const left of leftovers(folder)) await rm(left, { recursive: true, force: true })
        await eviction.shrink()
      } catch {
        // what cannot be removed is in nobody's way
      }
    },
    newFile(): string {
      fs.mkdirSync(tmp, { recursive: true })
      return join(tmp, `${mine}-${made++}`)
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
      if (tries === 3) throw error // else another process has tidied the empty folder away
    }
  }
}

function touch(file: string): void {
  const now = new Date()
  fs.utimesSync(file, now, now)
}

/** The name of an object is its digest, whatever the bucket; else the whole path tells it apart. */
function folderOf(objects: string, path: string): string {
  const digest = digestIn(path) ?? createHash('sha256').update(path).digest('hex')
  return join(objects, digest.slice(0, 2), digest)
}

/** The digest that a path says its bytes have. */
export function digestIn(path: string): string | undefined {
  const name = basename(path)
  return /^[0-9a-f]{64}$/.test(name) ? name : undefined
}
