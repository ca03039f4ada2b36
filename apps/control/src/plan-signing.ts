import { publicKeyOf } from '@cairn/drivers/identity'
import { CairnError } from '@cairn/kernel'
import { requireSigned, signedPlan, type Identity, type Plan, type PublicKeys } from '@cairn/records'

/** Signs the plans of control, and verifies plans: others are never started, continued or promoted. */
export class PlanSigning {
  readonly #identity: Identity
  readonly #signers: PublicKeys

  /** @param others public keys whose plans are also accepted, such as earlier keys of control */
  constructor(identity: Identity, others: PublicKeys = {}) {
    this.#identity = identity
    this.#signers = { ...others, [identity.name]: publicKeyOf(identity) }
  }

  sign(plan: Plan): Plan {
    return signedPlan(plan, this.#identity)
  }

  /** @throws CairnError REFUSED for a plan that is not signed */
  require(plan: Plan): void {
    requireSigned(plan, this.#signers)
  }

  /** What is wrong with a plan; undefined for a signed one. */
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
