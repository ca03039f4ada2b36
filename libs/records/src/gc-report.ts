export interface GcReport {
  readonly runs: string[]
  checkpoints: number
  code: number
  /** Leases that ran out, and which run an idempotency key became, where that is long ago. */
  stale: number
  /** Objects moved to the trash now, to be deleted by a collection after the grace. */
  trashed: number
  deleted: number
  /** In the trash since an earlier collection, and needed again. */
  restored: number
  /** Bytes that the deleted objects took. */
  freed: number
  /** Records that are damaged: what they refer to is not known, so only runs go as long as there are any. */
  readonly damaged: string[]
}
