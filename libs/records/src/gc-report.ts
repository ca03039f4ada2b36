export interface GcReport {
  readonly runs: string[]
  checkpoints: number
  code: number
  /** Expired leases, and old records of which run an idempotency key started. */
  stale: number
  /** Objects moved to the trash now. A collection after the grace period deletes them. */
  trashed: number
  deleted: number
  /** Objects moved back from the trash because they are referenced again. */
  restored: number
  /** Size of the deleted objects in bytes. */
  freed: number
  /** Paths of damaged records. Their references are unknown, so while there are any, only runs are removed. */
  readonly damaged: string[]
}
