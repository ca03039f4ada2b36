import { publicKeyOf } from '@cairn/drivers/identity'
import { CairnError } from '@cairn/kernel'
import { requireSigned, signedPlan, type Identity, type Plan, type PublicKeys } from '@cairn/records'

/** Signs the plans that control makes, and tells them from others: of these it starts, goes on with and promotes none. */
export class Vouching {
  readonly #identity: Identity
  readonly #by: PublicKeys

  /** @param others whose plans are as good: those of control's earlier keys, say */
  constructor(identity: Identity, others: PublicKeys = {}) {
    this.#identity = identity
    this.#by = { ...others, [identity.name]: publicKeyOf(identity) }
  }

  sign(plan: Plan): Plan {
    return signedPlan(plan, this.#identity)
  }

  /** @throws CairnError REFUSED for a plan that is not signed */
  require(plan: Plan): void {
    requireSigned(plan, this.#by)
  }

  /** What is wrong with a plan; undefined for one that is signed. */
  faultOf(plan: Plan): string | undefined {
    try {
      this.require(plan)
      return undefined
    } catch (error) {
      if (error instanceof CairnError) return error.message
      throw error
    }
  }
}
