import { CairnError } from '@cairn/kernel'
import type { Compute, ErrorRecord } from '@cairn/records'
import type { LocalCopies } from '../store/local-copies.ts'
import { faultOfHost, isOfDisk, lackNow } from './host-faults.ts'
import { Inputs } from './inputs.ts'

/** Milliseconds for which a fault is remembered that cannot be checked, such as too many processes. */
const REMEMBERED_MS = 30_000
/** Milliseconds for which a successful check is valid. Each check writes a file. */
const LOOK_MS = 2_000
/** Maximum number of remembered items for which copies were deleted. */
const MOST_GIVEN_WAY = 1_000

/** Checks and remembers whether a host can compute. */
export class HostHealth {
  readonly folder: string
  readonly #copies: LocalCopies | undefined
  #fault: CairnError | undefined
  #until = 0
  #looked = -Infinity

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
    return performance.now() < this.#until ? this.#fault : this.look()
  }

  /**
   * Checks memory and disk, and deletes local copies if the disk is full. Returns the HOST_FAILED error of a remaining
   * fault; undefined if there is none.
   */
  async look(): Promise<CairnError | undefined> {
    const now = performance.now()
    if (now < this.#looked + LOOK_MS) return undefined
    await this.#copies?.makeRoom().catch(() => 0) // a disk that cannot be written to is found below
    let lack = lackNow(this.folder)
    if (lack && isOfDisk(lack) && this.#copies && (await this.#copies.evict().catch(() => 0)) > 0)
      lack = lackNow(this.folder)
    if (lack) this.note(lack)
    else this.#looked = now
    return lack
  }

  /** Remembers a fault that occurred on this host. */
  note(fault: CairnError): void {
    this.#looked = -Infinity
    if (isOfDisk(fault)) return // the next check shows whether it persists
    this.#fault = fault
    this.#until = performance.now() + REMEMBERED_MS
  }
}

export interface WhileWellOptions {
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
export function whileWell(compute: Compute, { folder, health, copies }: WhileWellOptions): Compute {
  const givenWay = new Set<string>()
  /**
   * Deletes local copies, once for each item, so that a body that ran out of space can try again. Returns whether it
   * deleted any.
   */
  const giveWay = async (item: string): Promise<boolean> => {
    if (!copies || givenWay.has(item) || (await copies.evict()) === 0) return false
    if (givenWay.size === MOST_GIVEN_WAY) givenWay.clear()
    givenWay.add(item)
    return true
  }
  /** Returns the fault of this host behind an error of a body, if any. */
  const behind = async ({ code, message, next }: ErrorRecord, item: string, inputs: Inputs): Promise<unknown> => {
    if (code === 'HOST_FAILED') {
      const fault = new CairnError(code, message, { next })
      if (isOfDisk(fault)) await copies?.evict()
      return fault
    }
    if (code === 'OUT_OF_SPACE' && (await giveWay(item)))
      return new CairnError(
        'HOST_FAILED',
        `local copies of objects were deleted in ${folder} to free space: ${message}`,
      )
    return inputs.fault
  }
  return {
    async *run(work, signal) {
      const lack = await health?.look()
      if (lack) throw lack
      const inputs = new Inputs(work.open, copies)
      const keyOf = (at: number) => `${work.run} ${work.node} ${work.items.find(({ index }) => index === at)?.key}`
      try {
        for await (const result of compute.run({ ...work, open: inputs.open }, signal)) {
          const fault =
            'error' in result && !signal.aborted && (await behind(result.error, keyOf(result.index), inputs))
          if (fault) throw fault
          if (!('error' in result)) inputs.completed()
          yield result
        }
      } catch (error) {
        throw error instanceof CairnError ? error : (faultOfHost(error, folder) ?? error)
      } finally {
        inputs.release()
      }
    },
  }
}
