import { lstatSync, readdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { CairnError } from '@cairn/kernel'
import { errorRecord, type ErrorRecord } from '@cairn/records'
import { megabytes } from './megabytes.ts'
import { holdsFilesOfBodies } from './folder-names.ts'

/** What a body found and left on the disk that it works on, in bytes. */
export interface Filled {
  /** Free when it began. */
  readonly before: number
  /** Free when it failed. */
  readonly after: number
  /** What its own files took then. */
  readonly wrote: number
  /** The size of the disk. */
  readonly disk: number
}

/** Nine tenths are as good as all: a file system takes some for itself, and others write a little at any time. */
const MOST = 0.9

/** The room for bodies on a disk, measured before one begins. */
export class ScratchRoom {
  readonly #folder: string
  readonly #before: number

  /** @param folder an existing folder on that disk */
  constructor(folder: string) {
    this.#folder = folder
    this.#before = spaceOf(folder).free
  }

  /** @param own where the body writes; none of it needs to be there */
  filledBy(own: readonly string[]): Filled {
    const { free, disk } = spaceOf(this.#folder)
    return { before: this.#before, after: free, wrote: own.reduce((sum, path) => sum + bytesIn(path), 0), disk }
  }
}

/** The folders that the hosts on a disk work in. */
export interface Hosts {
  /** Holds them. */
  readonly folder: string
  /** Where the body in question writes. */
  readonly own: readonly string[]
}

/**
 * The error of a body that filled its disk by itself, so that no waiting helps. Undefined where others did: the disk was
 * full before it began, has been filled since, or is shared with bodies whose files will go.
 */
export function doesNotFit(step: string, filled: Filled, hosts: Hosts): ErrorRecord | undefined {
  const { before, after, wrote, disk } = filled
  const had = after + wrote
  const others = bytesOfOthers(hosts)
  const wasFull = before < disk * (1 - MOST)
  if (wasFull || had < before * MOST || others > had * (1 - MOST)) return undefined
  const what =
    wrote < before * (1 - MOST) ? 'it filled that space and removed its files' : `it had written ${megabytes(wrote)}`
  const message = `${step} needs more disk space than is available: ${megabytes(before)} of ${megabytes(disk)} were free when it started, and ${what} when the disk was full (ENOSPC)`
  return errorRecord(
    new CairnError('OUT_OF_SPACE', message, {
      next: 'use a larger disk (CAIRN_SCRATCH for a stage, --store for this machine), or write less data at a time',
    }),
  )
}

function spaceOf(folder: string): { readonly free: number; readonly disk: number } {
  const { bavail, blocks, bsize } = statfsSync(folder)
  return { free: bavail * bsize, disk: blocks * bsize }
}

/** What other bodies at work have written. */
function bytesOfOthers({ folder, own }: Hosts): number {
  const folders = namesIn(folder).flatMap((host) =>
    namesIn(join(folder, host))
      .filter(holdsFilesOfBodies)
      .map((name) => join(folder, host, name)),
  )
  return folders.reduce((sum, path) => sum + bytesIn(path, own), 0)
}

/** What a file or folder takes on its disk. */
function bytesIn(path: string, leftOut: readonly string[] = []): number {
  const stat = lstatSync(path, { throwIfNoEntry: false }) // files may go meanwhile
  if (!stat || leftOut.includes(path)) return 0
  const inside = stat.isDirectory() ? namesIn(path) : []
  return inside.reduce((sum, name) => sum + bytesIn(join(path, name), leftOut), stat.blocks * BLOCK_BYTES)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // no folder, or gone
  }
}

/** Of what `stat` counts, whatever the disk's own blocks. */
const BLOCK_BYTES = 512
