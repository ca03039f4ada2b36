import { undefinedOn } from '@cairn/kernel/contract'
import type { GcReport } from './gc-report.ts'
import type { Layout } from './layout.ts'
import type { ArtifactStore } from './ports.ts'
import { readRecord } from './records.ts'

/** The last collection of a pipeline by control. Times are in milliseconds since 1970. */
export interface Collected {
  readonly v: number
  /** When it ended. Absent while the first one is in progress. */
  readonly at?: number
  readonly host: string
  readonly report?: GcReport
  /** When the last collection that removed runs started. A run that was planned before and has no plan was removed. */
  readonly removedUntil?: number
  /** The runs that are being removed. None of them can be put into production any more. */
  readonly removing?: readonly string[]
}

/** Reads the record of the last collection. A record that cannot be decoded counts as none. */
export function lastCollection(store: ArtifactStore, at: Layout): Promise<Collected | undefined> {
  return readRecord<Collected>(store, at.collected).catch(undefinedOn('BAD_RECORD'))
}
