import { existsSync } from 'node:fs'
import { CairnError, type ArtifactRef } from '@cairn/kernel'
import type { Work } from '@cairn/records'
import type { LocalCopies } from '../store/local-copies.ts'
import { faultOfHost, removed } from './host-faults.ts'

/** What a piece of work has opened: held until it has ended. */
export class Inputs {
  readonly #open: Work['open']
  readonly #copies: LocalCopies | undefined
  readonly #held = new Map<string, () => void>()
  readonly #paths = new Set<string>()
  #unfetched: Error | undefined

  constructor(open: Work['open'], copies: LocalCopies | undefined) {
    this.#open = open
    this.#copies = copies
  }

  readonly open = async (ref: ArtifactRef): Promise<string> => {
    try {
      if (this.#copies && !this.#held.has(ref.digest)) this.#held.set(ref.digest, this.#copies.hold(ref.digest))
      const path = await this.#open(ref)
      this.#paths.add(path)
      return path
    } catch (error) {
      if (!(error instanceof CairnError) || NO_FAULT_OF_BODIES.has(error.code)) this.#unfetched = error as Error
      throw error
    }
  }

  /** Why an input could not be fetched, or read, which is no fault of the body that failed. */
  get fault(): unknown {
    const unfetched = this.#unfetched
    if (unfetched instanceof CairnError && unfetched.code === 'HOST_FAILED') return unfetched
    if (unfetched !== undefined) return faultOfHost(unfetched.cause) ?? unfetched
    const lost = [...this.#paths].find((path) => !existsSync(path))
    return lost === undefined ? undefined : removed(`${lost}, the local copy of an input,`)
  }

  release(): void {
    for (const release of this.#held.values()) release()
    this.#held.clear()
  }
}

const NO_FAULT_OF_BODIES: ReadonlySet<string> = new Set(['STORE_FAILED', 'HOST_FAILED'])
