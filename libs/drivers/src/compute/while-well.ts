import { CairnError } from '@cairn/kernel'
import type { Compute } from '@cairn/records'
import { faultOfHost, isOfDisk, lackNow } from './host-faults.ts'

/** A fault that no look shows, such as too many processes, is remembered for so long, in milliseconds. */
const REMEMBERED_MS = 30_000
/** A look costs a file; for so long it is not repeated. */
const LOOK_MS = 2_000

/** What a host lacks to compute, if anything. */
export class HostHealth {
  readonly folder: string
  #fault: CairnError | undefined
  #until = 0
  #looked = -Infinity

  /** @param folder where bodies work; it need not be there yet */
  constructor(folder: string) {
    this.folder = folder
  }

  /** What is missing now, or was lately where that cannot be looked at. */
  get fault(): CairnError | undefined {
    return performance.now() < this.#until ? this.#fault : this.look()
  }

  /** What is missing now. */
  look(): CairnError | undefined {
    const now = performance.now()
    if (now < this.#looked + LOOK_MS) return undefined
    const lack = lackNow(this.folder)
    if (lack) this.note(lack)
    else this.#looked = now
    return lack
  }

  note(fault: CairnError): void {
    this.#looked = -Infinity
    if (isOfDisk(fault)) return // the next look shows whether it still is so
    this.#fault = fault
    this.#until = performance.now() + REMEMBERED_MS
  }
}

export interface WhileWellOptions {
  /** Where bodies work. */
  readonly folder: string
  /** Asked before anything is begun, where other hosts may be well. */
  readonly health?: HostHealth
}

/**
 * Computes only where there is what that needs. A fault of the host is thrown and never a body's result: another host can
 * do the work, or this one later.
 */
export function whileWell(compute: Compute, { folder, health }: WhileWellOptions): Compute {
  return {
    async *run(work, signal) {
      const lack = health?.look()
      if (lack) throw lack
      /** Why an input could not be fetched, which is no fault of the body either. */
      let unfetched: unknown
      const open: typeof work.open = async (ref) => {
        try {
          return await work.open(ref)
        } catch (error) {
          if (!(error instanceof CairnError) || error.code === 'STORE_FAILED') unfetched = error
          throw error
        }
      }
      try {
        for await (const result of compute.run({ ...work, open }, signal)) {
          if ('error' in result && !signal.aborted) {
            const { code, message, next } = result.error
            if (code === 'HOST_FAILED') throw new CairnError(code, message, { next })
            if (unfetched !== undefined) throw faultOfHost((unfetched as Error).cause) ?? unfetched
          }
          yield result
        }
      } catch (error) {
        throw error instanceof CairnError ? error : (faultOfHost(error, folder) ?? error)
      }
    },
  }
}
