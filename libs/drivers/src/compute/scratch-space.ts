import { lstatSync, readdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { CairnError } from '@cairn/kernel'
import { errorRecord, type ErrorRecord } from '@cairn/records'
import { megabytes } from './megabytes.ts'
import { isBodyFolder } from './folder-names.ts'

/** Disk usage before and after a body that ran out of space, in bytes. */
export interface DiskUsage {
  /** Free space when the body started. */
  readonly before: number
  /** Free space when it failed. */
  readonly after: number
  /** Size of its own files when it failed. */
  readonly wrote: number
  /** Total size of the disk. */
  readonly disk: number
}

/**
 * Share of the space that counts as all of it: a file system reserves some, and other processes always write a little.
 */
const WHOLE_SHARE = 0.9

/** Measures the free space of a disk when constructed, before a body starts. */
export class ScratchSpace {
  readonly #folder: string
  readonly #before: number

  /** @param folder an existing folder on that disk */
  constructor(folder: string) {
    this.#folder = folder
    this.#before = spaceOf(folder).free
  }

  /**
   * Measures the disk again, after a body has failed.
   *
   * @param own the files and folders that the body writes to; they need not exist
   */
  usageOf(own: readonly string[]): DiskUsage {
    const { free, disk } = spaceOf(this.#folder)
    return { before: this.#before, after: free, wrote: own.reduce((sum, path) => sum + bytesIn(path), 0), disk }
  }
}

/** All who write to a disk: the scratch folders of the hosts that share it. */
export interface DiskUsers {
  /** Their parent folder. */
  readonly folder: string
  /** The files and folders that the body in question writes to. */
  readonly own: readonly string[]
}

/**
 * Returns the OUT_OF_SPACE error of a body that filled the disk by itself, so that waiting does not help. Returns
 * undefined if others may be the cause: the disk was almost full before the body started, something else has filled it
 * since, or other bodies use space that they will free.
 */
export function outOfSpaceError(step: string, usage: DiskUsage, users: DiskUsers): ErrorRecord | undefined {
  const { before, after, wrote, disk } = usage
  const had = after + wrote
  const others = bytesOfOthers(users)
  const wasFull = before < disk * (1 - WHOLE_SHARE)
  if (wasFull || had < before * WHOLE_SHARE || others > had * (1 - WHOLE_SHARE)) return undefined
  const what =
    wrote < before * (1 - WHOLE_SHARE)
      ? 'it filled that space and removed its files'
      : `it had written ${megabytes(wrote)}`
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

/** Returns the bytes that other running bodies have written, on all hosts that share the disk. */
function bytesOfOthers({ folder, own }: DiskUsers): number {
  const folders = namesIn(folder).flatMap((host) =>
    namesIn(join(folder, host))
      .filter(isBodyFolder)
      .map((name) => join(folder, host, name)),
  )
  return folders.reduce((sum, path) => sum + bytesIn(path, own), 0)
}

/** Returns the disk space that a file or folder takes, in bytes, without the paths in `leftOut`. */
function bytesIn(path: string, leftOut: readonly string[] = []): number {
  const stat = lstatSync(path, { throwIfNoEntry: false }) // files may be deleted meanwhile
  if (!stat || leftOut.includes(path)) return 0
  const inside = stat.isDirectory() ? namesIn(path) : []
  return inside.reduce((sum, name) => sum + bytesIn(join(path, name), leftOut), stat.blocks * BLOCK_BYTES)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // not a folder, or deleted
  }
}

/** The unit of `stat.blocks`, whatever the file system's own block size. */
const BLOCK_BYTES = 512
