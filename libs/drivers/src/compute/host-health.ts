import { CairnError } from '@cairn/kernel'
import type { Compute, ErrorRecord } from '@cairn/records'
import type { LocalCopies } from '../store/local-copies.ts'
import { hostFaultOf, isDiskFault, checkHost } from './host-faults.ts'
import { Inputs } from './inputs.ts'

/** Milliseconds for which a fault is remembered that cannot be checked, such as too many processes. */
const REMEMBERED_MS = 30_000
/** Milliseconds for which a successful check is valid. Each check writes a file. */
const CHECK_VALID_MS = 2_000
/** Maximum number of remembered items for which copies were deleted. */
const MAX_REMEMBERED_ITEMS = 1_000

/** Checks and remembers whether a host can compute. */
export class HostHealth {
  readonly folder: string
  readonly #copies: LocalCopies | undefined
  #fault: CairnError | undefined
  #until = 0
  #checkedAt = -Infinity

  /**
   * @param folder scratch folder of the bodies; it need not exist yet
   * @param copies copies of objects on the same disk, which are deleted before the disk counts as full
   */
  constructor(folder: string, copies?: LocalCopies) {
    this.folder = folder
    this.#copies = copies
  }

  /**
   * Returns the HOST_FAILED error of a current fault, or of a recent one that cannot be checked; undefined if there is
   * none.
   */
  async fault(): Promise<CairnError | undefined> {
    return performance.now() < this.#until ? this.#fault : this.check()
  }

  /**
   * Checks memory and disk, and deletes local copies if the disk is full. Returns the HOST_FAILED error of a remaining
   * fault; undefined if there is none.
   */
  async check(): Promise<CairnError | undefined> {
    const now = performance.now()
    if (now < this.#checkedAt + CHECK_VALID_MS) return undefined
    await this.#copies?.makeRoom().catch(() => 0) // a disk that cannot be written to is found below
    let fault = checkHost(this.folder)
    if (fault && isDiskFault(fault) && this.#copies && (await this.#copies.evict().catch(() => 0)) > 0)
      fault = checkHost(this.folder)
    if (fault) this.note(fault)
    else this.#checkedAt = now
    return fault
  }

  /** Remembers a fault that occurred on this host. */
  note(fault: CairnError): void {
    this.#checkedAt = -Infinity
    if (isDiskFault(fault)) return // the next check shows whether it persists
    this.#fault = fault
    this.#until = performance.now() + REMEMBERED_MS
  }
}

export interface HostCheckOptions {
  /** Folder on the disk that bodies write to. Errors of that disk name it. */
  readonly folder: string
  /** Checked before each piece of work. Absent if no other host could take the work. */
  readonly health?: HostHealth
  /** Local copies of objects on the same disk. Those that bodies use are not deleted. */
  readonly copies?: LocalCopies
}

/**
 * Wraps a compute driver so that a fault of the host is thrown, and never the result of an item: another host can do
 * the work, or this one later.
 *
 * @throws CairnError HOST_FAILED for a fault of this host; the error of the store if an input cannot be fetched
 */
export function withHostChecks(compute: Compute, { folder, health, copies }: HostCheckOptions): Compute {
  const freedFor = new Set<string>()
  /**
   * Deletes local copies, once for each item, so that a body that ran out of space can try again. Returns whether it
   * deleted any.
   */
  const freeSpaceOnce = async (item: string): Promise<boolean> => {
    if (!copies || freedFor.has(item) || (await copies.evict()) === 0) return false
    if (freedFor.size === MAX_REMEMBERED_ITEMS) freedFor.clear()
    freedFor.add(item)
    return true
  }
  /** Returns the fault of this host behind an error of a body, if any. */
  const hostFaultBehind = async (
    { code, message, next }: ErrorRecord,
    item: string,
    inputs: Inputs,
  ): Promise<unknown> => {
    if (code === 'HOST_FAILED') {
      const fault = new CairnError(code, message, { next })
      if (isDiskFault(fault)) await copies?.evict()
      return fault
    }
    if (code === 'OUT_OF_SPACE' && (await freeSpaceOnce(item)))
      return new CairnError(
        'HOST_FAILED',
        `local copies of objects were deleted in ${folder} to free space: ${message}`,
      )
    return inputs.fault
  }
  return {
    async *run(work, signal) {
      const currentFault = await health?.check()
      if (currentFault) throw currentFault
      const inputs = new Inputs(work.open, copies)
      const keyOf = (at: number) => `${work.run} ${work.node} ${work.items.find(({ index }) => index === at)?.key}`
      try {
        for await (const result of compute.run({ ...work, open: inputs.open }, signal)) {
          const fault =
            'error' in result && !signal.aborted && (await hostFaultBehind(result.error, keyOf(result.index), inputs))
          if (fault) throw fault
          if (!('error' in result)) inputs.forgetErrors()
          yield result
        }
      } catch (error) {
        throw error instanceof CairnError ? error : (hostFaultOf(error, folder) ?? error)
      } finally {
        inputs.release()
      }
    },
  }
}
