import { CairnError } from '@cairn/kernel'

/** What the system says of files and disks: in words, and what can be done. */
const REASONS: Readonly<Record<string, readonly [reason: string, next: string]>> = {
  EACCES: ['this user may not', 'give this user the right to, or choose another place'],
  EPERM: ['this user may not', 'give this user the right to, or choose another place'],
  EROFS: ['the file system is read-only', 'choose another place'],
  ENOSPC: ['the disk is full', 'free some of it: cairn gc removes what nothing refers to'],
  EDQUOT: ['the quota of this user is used up', 'free some of it: cairn gc removes what nothing refers to'],
  EMFILE: ['too many files are open', 'let a process open more: ulimit -n 4096'],
  ENFILE: ['too many files are open', 'end other programs, or let the system open more'],
  ELOOP: ['symbolic links lead in a circle', 'look at where the links on that path lead'],
  ENAMETOOLONG: ['the name is too long', 'use a shorter one'],
  ENOTDIR: ['a part of the path is a file, no folder', 'choose another path, or move that file away'],
  EISDIR: ['it is a folder', 'name a file'],
  EEXIST: ['something is there already', 'choose another path, or move it away'],
  ENOENT: ['it does not exist', 'look at the path'],
  EIO: ['the disk does not work', 'look at the disk, then cairn doctor'],
}

/** A refusal of the file system as an error for people; undefined for any other error. */
export function ofFiles(error: unknown): CairnError | undefined {
  if (!(error instanceof Error) || error instanceof CairnError) return undefined
  const { code, syscall, path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string }
  const known = code === undefined ? undefined : REASONS[code]
  if (!known || syscall === undefined) return undefined
  const [reason, next] = known
  const where = dest ?? path // of a copy, it is mostly the new file that cannot be
  const what = where === undefined ? syscall : `${syscall} ${where}`
  return new CairnError('STORE_FAILED', `${what} failed: ${reason} (${code})`, { next, cause: error })
}
