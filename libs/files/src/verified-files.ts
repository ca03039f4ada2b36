import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { CairnError } from '@cairn/kernel'

/**
 * Files whose bytes match their digest: the file's stamp, by digest. This process has hashed them, or the process that
 * started it has. A file is hashed again only after it was changed.
 */
const stamps = new Map<string, string>()
const MOST = 4096

/** Changes with each write to a file, and when another file takes its place. */
export function fileStamp(path: string): string {
  const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
  return `${path} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
}

/** @param stamp of the file before it was hashed */
export function markVerified(digest: string, stamp: string): void {
  stamps.delete(digest)
  stamps.set(digest, stamp)
  if (stamps.size > MOST) for (const [oldest] of stamps) return void stamps.delete(oldest)
}

/** The stamp of the file that was verified last. */
export function verifiedStamp(digest: string): string | undefined {
  return stamps.get(digest)
}

/** Runs what changes a file's stamp but not its bytes. */
export function keepVerified(digest: string, path: string, work: () => void): void {
  const isVerified = stamps.get(digest) === fileStamp(path)
  work()
  if (isVerified) markVerified(digest, fileStamp(path))
}

/**
 * Checks that a file still holds the bytes that were hashed.
 *
 * @param stamp of the file before it was hashed
 * @throws CairnError BAD_OUTPUT
 */
export function requireUnchanged({ file, stamp }: { readonly file: string; readonly stamp?: string }): void {
  if (stamp === undefined || fileStamp(file) === stamp) return
  throw new CairnError('BAD_OUTPUT', `${basename(file)} was modified after the step returned it`, {
    next: 'close the file, and await all writes to it, before you return it',
  })
}
