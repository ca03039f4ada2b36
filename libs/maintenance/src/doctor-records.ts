import { CairnError } from '@cairn/kernel'
import { undefinedOn } from '@cairn/kernel/contract'
import {
  statObject,
  mismatchedOutput,
  readRecord,
  type Plan,
  type ArtifactStore,
  type EndRecord,
  type RunEnd,
} from '@cairn/records'
import type { Examination, Finding } from './examination.ts'
import { isDamaged } from './references.ts'

export const MOVED = 'moved to quarantine/'

/** Reports what is wrong with a record, and on repair moves it to quarantine if that helps. */
export async function checkRecord(examination: Examination, path: string): Promise<void> {
  const damaged = await damagedIn(examination, [path])
  if (examination.repair) await setAside(examination, damaged)
  if (damaged.length === 0 && path.startsWith(examination.at.ref(''))) await checkRef(examination, path)
}

/** Reports a ref, such as the production run, to a run that is not in the store. */
async function checkRef({ store, at, findings }: Examination, path: string): Promise<void> {
  const ref = await readRecord<{ readonly v: number; readonly run: string }>(store, path).catch(
    undefinedOn('BAD_RECORD'),
  )
  if (!ref || (await store.stat(at.plan(ref.run)))) return
  findings.push({
    path,
    what: `it names the run ${ref.run}, which is not in the store`,
    repair: `none: put another run into production: cairn promote ${at.pipeline}`,
  })
}

/**
 * Reports what is wrong with records.
 *
 * @returns the paths of the records that must be moved to quarantine
 */
export async function damagedIn({ store, findings }: Examination, paths: readonly string[]): Promise<string[]> {
  const damaged: string[] = []
  for (const path of paths) {
    const fault = await recordFault(store, path)
    if (fault) findings.push({ path, ...fault })
    if (fault?.repair === MOVED) damaged.push(path)
  }
  return damaged
}

/**
 * Moves records to quarantine. Without its plan a run does not count; a task without its end is computed again if the
 * run has not ended.
 */
export async function setAside({ store, at }: Examination, paths: readonly string[]): Promise<void> {
  for (const path of paths) await store.move(path, `${at.root}quarantine/${path.slice(at.root.length)}`)
}

async function recordFault(store: ArtifactStore, path: string): Promise<Omit<Finding, 'path'> | undefined> {
  try {
    const record = await readRecord<Plan | RunEnd | EndRecord>(store, path)
    const items = record && 'items' in record ? record.items : []
    const what = items.flatMap((outcome) =>
      outcome.status === 'completed' ? (mismatchedOutput(outcome) ?? []) : [],
    )[0]
    return what === undefined ? undefined : { what, repair: 'none: the run is over' }
  } catch (error) {
    if (!(error instanceof CairnError && error.code === 'BAD_RECORD')) throw error
    return { what: error.message, repair: isDamaged(error) ? MOVED : `none: ${error.next}` }
  }
}

export async function missing(
  { store, at, broken }: Examination,
  digests: ReadonlySet<string>,
): Promise<string | undefined> {
  for (const digest of digests) {
    if (broken.has(digest)) return `it refers to the damaged object ${digest}`
    if (!(await statObject(store, at, digest))) return `it refers to object ${digest}, which is missing`
  }
  return undefined
}
