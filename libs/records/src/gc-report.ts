/** What a garbage collection removed or, in a dry run, would remove. */
export interface GcReport {
  /** Names of the removed runs. */
  readonly runs: string[]
  /** Number of removed checkpoints. */
  checkpoints: number
  /** Number of removed code files, without their manifests. */
  code: number
  /** Expired leases, and old records of which run an idempotency key started. */
  stale: number
  /** Objects moved to the trash now. A collection after the grace period deletes them. */
  trashed: number
  /** Objects deleted from the trash. */
  deleted: number
  /** Objects moved back from the trash because they are referenced again. */
  restored: number
  /** Size of the deleted objects in bytes. */
  freed: number
  /** Paths of damaged records. Their references are unknown, so while there are any, only runs are removed. */
  readonly damaged: string[]
}
