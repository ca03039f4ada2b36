import {
  errorRecord,
  leftEvent,
  sha256,
  claim,
  readRecord,
  RECORD_VERSION,
  type CairnEvent,
  type Layout,
  type ArtifactStore,
  type UnfitRecord,
} from '@cairn/records'
import { CairnError, type ErrorCode } from '@cairn/kernel'
import type { RunContext } from './run-context.ts'
import type { Host } from './host.ts'

/** Delay before a task is handed over, in milliseconds. It doubles with each hand-over. */
const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 5_000

const UNFIT: ReadonlySet<ErrorCode> = new Set(['MISFIT', 'HOST_FAILED'])

/** Whether this host lacks what the work needs while another host of its step, or this one later, may have it. */
export function isUnfit({ steps }: Host, error: unknown): error is CairnError {
  return steps !== undefined && error instanceof CairnError && UNFIT.has(error.code)
}

/** Records why this host cannot run a task, and hands it over to another host of its step. */
export async function handOver(
  { store, clock, name, onHandOver }: Host,
  run: RunContext,
  task: string,
  { type, data }: CairnEvent,
  misfit: CairnError,
): Promise<void> {
  onHandOver?.(task, misfit)
  const error = errorRecord(misfit)
  const record: UnfitRecord = { v: RECORD_VERSION, task, at: clock.now(), host: name, error }
  await claim(store, run.at.unfit(run.plan.run, task, sha256(error.message)), record)
  const times = 1 + (type === 'cairn.ready' ? (data.attempt ?? 0) : 0)
  await clock.sleep(Math.min(FIRST_PAUSE_MS * 2 ** (times - 1), MAX_PAUSE_MS), run.signal)
  run.busy.delete(task) // this host may receive the event before `publish` resolves
  await run.publish([leftEvent(run.plan, task, clock.now(), times, error)])
}

/** Lists the tasks that no host has been able to run so far, each with the reason. */
export async function unfitTasks(
  store: Pick<ArtifactStore, 'read' | 'children'>,
  at: Layout,
  run: string,
): Promise<UnfitRecord[]> {
  const files = await store.children(at.unfits(run))
  if (files.length === 0) return []
  const [ends, attempts] = await Promise.all([store.children(at.ends(run)), store.children(at.attempts(run))])
  const begun = new Set([...ends.map((file) => at.taskOf(file)), ...attempts.map((file) => at.attemptOf(file).task)])
  const records = await Promise.all(files.map((file) => readRecord<UnfitRecord>(store, at.unfits(run) + file)))
  return records.filter((record) => record !== undefined && !begun.has(record.task)) as UnfitRecord[]
}
