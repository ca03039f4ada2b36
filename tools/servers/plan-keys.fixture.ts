import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { identityOf, newSigningKey, publicKeyOf } from '@cairn/drivers/identity'
import { signedPlan, type Plan } from '@cairn/records'

/** The keys that control signs plans with, and that stages verify them with. */
export class PlanKeys {
  readonly control: Readonly<Record<string, string>>
  readonly stages: Readonly<Record<string, string>>

  constructor(folder: string) {
    const [key, plansBy] = [join(folder, 'control.pem'), join(folder, 'plans-by.json')]
    this.control = { CAIRN_IDENTITY: 'control', CAIRN_SIGNING_KEY: key }
    this.stages = { CAIRN_PLANS_BY: plansBy }
    writeFileSync(key, newSigningKey(), { mode: 0o600 })
    writeFileSync(plansBy, JSON.stringify({ control: publicKeyOf(identityOf(this.control)!) }))
  }

  /** Signs a plan like control. */
  sign(plan: Plan): Plan {
    return signedPlan(plan, identityOf(this.control)!)
  }
}
