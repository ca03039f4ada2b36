import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fullDiskCode, isInside } from '@cairn/files'
import { CairnError } from '@cairn/kernel'
import type { ErrorRecord, Thrown } from '@cairn/records'

/** Faults of a disk, by system error code. */
const DISK_FAULTS: Readonly<Record<string, string>> = {
  ENOSPC: 'has no space left',
  EDQUOT: 'is full: the disk quota of this user is exhausted',
  EROFS: 'is read-only',
  EIO: 'cannot be read or written: disk error',
}
/** Faults of a machine other than those of its disks, by system error code. */
const MACHINE_FAULTS: Readonly<Record<string, string>> = {
  EMFILE: 'has too many open files',
  ENFILE: 'has too many open files',
  ENOMEM: 'has no memory left',
  EAGAIN: 'has reached a limit of the system, such as the number of processes',
}
/** Size of the test file in bytes: more than a new folder takes, so that an almost full disk fails the check, too. */
const PROBE_BYTES = 64 << 10
/** Minimum of available memory, in bytes. Below it, no process can be started. */
const MIN_MEMORY = 64e6

export interface ScratchFault {
  readonly error: CairnError
  /** Whether the disk is full (ENOSPC). */
  readonly isFull: boolean
}

/**
 * Returns the fault of the host behind an error of a body: the host's scratch folder cannot be written to. Returns
 * undefined if the error is the body's own, such as a full disk at a path that the body chose.
 *
 * @param folderOf returns the scratch folder, or throws if it cannot be created
 */
export function scratchFaultOf(error: ErrorRecord, folderOf: () => string): ScratchFault | undefined {
  for (let cause: Thrown | undefined = error; cause; cause = cause.cause) {
    const { code, path } = (cause.fields ?? {}) as { readonly code?: unknown; readonly path?: unknown }
    const faultCode = diskCode({ message: cause.message, code })
    if (faultCode === undefined) continue
    let folder: string
    try {
      folder = folderOf()
    } catch (failed) {
      const fault = hostFaultOf(failed) // it cannot be created
      return fault && { error: fault, isFull: false }
    }
    const isThere = typeof path === 'string' ? isInside(path, folder) : isFull(folder)
    return isThere ? { error: diskFault(faultCode, folder), isFull: faultCode === 'ENOSPC' } : undefined
  }
  return undefined
}

/** Returns the fault if the scratch folder was deleted. Bodies are only given folders inside it. */
export function removedScratchFault(folder: string): ScratchFault | undefined {
  return existsSync(folder)
    ? undefined
    : { error: removedFault(`${folder}, the folder for step bodies,`), isFull: false }
}

/** Returns the error for a file or folder of Cairn that was deleted while in use. */
export function removedFault(what: string, cause?: unknown): CairnError {
  return new CairnError('HOST_FAILED', `${what} was removed on ${hostname()} (ENOENT)`, {
    cause,
    next: 'something deletes files there while Cairn uses them (CAIRN_SCRATCH of a service, --store of this machine): find it and exclude that folder',
  })
}

/**
 * Returns the HOST_FAILED error for a system error that no body caused, such as a full disk or too many open files.
 * Undefined for any other error.
 *
 * @param folder the scratch folder, which the message names unless the error is about a path outside it
 */
export function hostFaultOf(error: unknown, folder?: string): CairnError | undefined {
  if (!(error instanceof Error) || error instanceof CairnError) return undefined
  const { code = '', path } = error as NodeJS.ErrnoException
  const isInFolder = folder !== undefined && (path === undefined || isInside(path, folder))
  if (Object.hasOwn(DISK_FAULTS, code)) return diskFault(code, isInFolder ? folder : (path ?? 'a disk'), error)
  if (Object.hasOwn(MACHINE_FAULTS, code)) return machineFault(MACHINE_FAULTS[code]!, code, error)
  return undefined
}

/** Returns whether an error is a disk fault, which can be checked again at any time. */
export function isDiskFault({ message }: CairnError): boolean {
  const [, code] = /\((E[A-Z]+)\)$/.exec(message) ?? []
  return code !== undefined && Object.hasOwn(DISK_FAULTS, code)
}

/** Returns the HOST_FAILED error for a worker process that could not be started. */
export function startFault(step: string, message: string): CairnError {
  const next = /\bE[MN]FILE\b/.test(message)
    ? 'raise the limit of open files: ulimit -n 4096'
    : 'check the free memory and the limit of processes: free -m; ulimit -u'
  return new CairnError('HOST_FAILED', `no process could be started to run ${step}: ${message}`, { next })
}

/** Returns the HOST_FAILED error if memory is low or the folder cannot be written to; undefined if work can run. */
export function checkHost(folder: string): CairnError | undefined {
  if (process.availableMemory() < MIN_MEMORY) return machineFault(MACHINE_FAULTS['ENOMEM']!, 'ENOMEM')
  const error = probe(folder)
  return error && hostFaultOf(error, folder)
}

function isFull(folder: string): boolean {
  const error = probe(folder)
  return error !== undefined && diskCode(error) !== undefined
}

/** Writes a test file to the folder. Returns the error if that fails. */
function probe(folder: string): Error | undefined {
  let made: string | undefined
  try {
    mkdirSync(folder, { recursive: true })
    made = mkdtempSync(join(folder, 'probe-'))
    writeFileSync(join(made, 'probe'), new Uint8Array(PROBE_BYTES), { flush: false })
    return undefined
  } catch (error) {
    return error as Error
  } finally {
    if (made !== undefined) rmSync(made, { recursive: true, force: true })
  }
}

/** Returns the code of a disk fault. */
function diskCode(error: { readonly message: string; readonly code?: unknown }): string | undefined {
  const { code } = error
  return typeof code === 'string' && Object.hasOwn(DISK_FAULTS, code) ? code : fullDiskCode(error)
}

function diskFault(code: string, folder: string, cause?: unknown): CairnError {
  return new CairnError('HOST_FAILED', `${folder} on ${hostname()} ${DISK_FAULTS[code]} (${code})`, {
    cause,
    next: 'free some space there, or use another folder: CAIRN_SCRATCH for a service, --store for this machine',
  })
}

function machineFault(what: string, code: string, cause?: unknown): CairnError {
  return new CairnError('HOST_FAILED', `${hostname()} ${what} (${code})`, {
    cause,
    next: 'find out which processes use it up: ps aux --sort=-rss; ulimit -n; ulimit -u',
  })
}
