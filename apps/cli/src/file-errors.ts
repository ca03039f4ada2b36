import { CairnError } from '@cairn/kernel'

/** Errors of files and disks in plain words, with the next step. */
const REASONS: Readonly<Record<string, readonly [reason: string, next: string]>> = {
  EACCES: ['permission denied', 'give this user access, or choose another location'],
  EPERM: ['operation not permitted', 'give this user access, or choose another location'],
  EROFS: ['the file system is read-only', 'choose another location'],
  ENOSPC: ['the disk is full', 'free some space: cairn gc removes old runs and unreferenced data'],
  EDQUOT: [
    'the disk quota of this user is used up',
    'free some space: cairn gc removes old runs and unreferenced data',
  ],
  EMFILE: ['too many files are open', 'raise the limit: ulimit -n 4096'],
  ENFILE: ['too many files are open on this machine', 'close other programs, or raise the limit of the system'],
  ELOOP: ['its symbolic links form a loop', 'check the links in that path'],
  ENAMETOOLONG: ['the name is too long', 'use a shorter name'],
  ENOTDIR: ['part of the path is a file, not a folder', 'choose another path, or move that file away'],
  EISDIR: ['it is a folder, not a file', 'name a file'],
  EEXIST: ['it already exists', 'choose another path, or move it away'],
  ENOENT: ['it does not exist', 'check the path'],
  EIO: ['the disk reported an error', 'check the disk, then run cairn doctor'],
}

/** A file system error as an error for people; undefined for any other error. */
export function ofFiles(error: unknown): CairnError | undefined {
  if (!(error instanceof Error) || error instanceof CairnError) return undefined
  const { code, syscall, path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string }
  const known = code === undefined ? undefined : REASONS[code]
  if (!known || syscall === undefined) return undefined
  const [reason, next] = known
  const where = dest ?? path // for a copy, the target usually causes the error
  const what = where === undefined ? syscall : `${syscall} ${where}`
  return new CairnError('STORE_FAILED', `${what} failed: ${reason} (${code})`, { next, cause: error })
}
