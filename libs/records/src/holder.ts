import { undefinedOn } from '@cairn/kernel/contract'
import type { Layout } from './layout.ts'
import type { ArtifactStore } from './ports.ts'
import { encodeRecord, readRecord, RECORD_VERSION } from './records.ts'
import type { AttemptRecord } from './attempt-record.ts'
import type { EndRecord } from './end-record.ts'

/** The process that drives a run to its end, where a single process does. */
export interface Holder {
  readonly v: number
  readonly host: string
  readonly since: number
}

/** State of a run without an end: not started yet, running, or left by a process that died. */
export type Unfinished = 'planned' | 'running' | 'interrupted'

/** Records the process that drives a run from now on. */
export async function hold(store: ArtifactStore, at: Layout, run: string, host: string, now: number): Promise<void> {
  const path = at.holder(run)
  const record: Holder = { v: RECORD_VERSION, host, since: now }
  const bytes = encodeRecord(record, path)
  if (!(await store.create(path, bytes))) await store.replace(path, await store.read(path), bytes)
}

/**
 * Determines the state of a run that has no end.
 *
 * @param isGone whether a process is known to have exited; always false for services, because others take over
 */
export async function unfinished(
  store: Pick<ArtifactStore, 'read' | 'children'>,
  at: Layout,
  run: string,
  isGone: (host: string) => boolean,
): Promise<Unfinished> {
  const holder = await readRecord<Holder>(store, at.holder(run)).catch(undefinedOn('BAD_RECORD'))
  if (holder) return isGone(holder.host) ? 'interrupted' : 'running'
  let found: Unfinished = 'planned'
  for (const folder of [at.attempts(run), at.ends(run)])
    for (const file of await store.children(folder)) {
      const record = await readRecord<AttemptRecord | EndRecord>(store, folder + file).catch(undefinedOn('BAD_RECORD'))
      if (record && !isGone(record.host)) return 'running'
      found = 'interrupted'
    }
  return found
}
