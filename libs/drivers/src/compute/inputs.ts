import { existsSync } from 'node:fs'
import { CairnError, type ArtifactRef } from '@cairn/kernel'
import type { Work } from '@cairn/records'
import type { LocalCopies } from '../store/local-copies.ts'
import { hostFaultOf, isDiskFault, removedFault } from './host-faults.ts'
import { megabytes } from './megabytes.ts'

/** Share of a disk that files can take. The file system needs the rest. */
const USABLE_SHARE = 0.9

/** The objects that a task has opened. Their copies are held until it ends. */
export class Inputs {
  readonly #open: Work['open']
  readonly #copies: LocalCopies | undefined
  readonly #held = new Map<string, () => void>()
  readonly #paths = new Set<string>()
  #bytes = 0
  #fetchError: Error | undefined

  constructor(open: Work['open'], copies: LocalCopies | undefined) {
    this.#open = open
    this.#copies = copies
  }

  /**
   * Returns the local path of an object, and holds its copy.
   *
   * @throws CairnError OUT_OF_SPACE if the inputs together do not fit on the disk
   */
  readonly open = async (ref: ArtifactRef): Promise<string> => {
    try {
      if (this.#copies && !this.#held.has(ref.digest)) {
        this.#held.set(ref.digest, this.#copies.hold(ref.digest))
        this.#bytes += ref.size
      }
      const path = await this.#open(ref)
      this.#paths.add(path)
      return path
    } catch (failure) {
      const error = (await this.#outOfSpaceError(failure)) ?? failure
      if (!(error instanceof CairnError) || FETCH_FAULTS.has(error.code)) this.#fetchError = error as Error
      throw error
    }
  }

  /** Returns the error for inputs that do not fit on the whole disk, so that waiting does not help. */
  async #outOfSpaceError(failure: unknown): Promise<CairnError | undefined> {
    if (!this.#copies || !(failure instanceof CairnError && isDiskFault(failure))) return undefined
    const disk = await this.#copies.diskSize()
    if (this.#bytes < disk * USABLE_SHARE) return undefined
    const message = `the inputs opened so far take ${megabytes(this.#bytes)}, but the disk for their local copies has only ${megabytes(disk)}`
    return new CairnError('OUT_OF_SPACE', message, {
      cause: failure,
      next: 'give the stage a larger disk (CAIRN_SCRATCH), or open fewer inputs in one task: a smaller batch of an each',
    })
  }

  /** Why an input could not be fetched or read, if the body that failed did not cause it. */
  get fault(): unknown {
    const unfetched = this.#fetchError
    if (unfetched instanceof CairnError && unfetched.code === 'HOST_FAILED') return unfetched
    if (unfetched !== undefined) return hostFaultOf(unfetched.cause) ?? unfetched
    const lost = [...this.#paths].find((path) => !existsSync(path))
    return lost === undefined ? undefined : removedFault(`${lost}, the local copy of an input,`)
  }

  /** Forgets errors of fetching that a body has handled: it has completed. */
  forgetErrors(): void {
    this.#fetchError = undefined
  }

  release(): void {
    for (const release of this.#held.values()) release()
    this.#held.clear()
  }
}

/** Codes of errors in fetching an object that no body causes. */
const FETCH_FAULTS: ReadonlySet<string> = new Set(['STORE_FAILED', 'HOST_FAILED'])
