import { CairnError } from '@cairn/kernel'
import type { Host } from './host.ts'
import {
  controlTopicOf,
  runEvent,
  layout,
  publish,
  claim,
  readRecord,
  RECORD_VERSION,
  type Plan,
  type RunEnd,
} from '@cairn/records'

/** Stores a plan and starts its run. Idempotent. */
export async function submit(host: Pick<Host, 'store' | 'bus' | 'clock'>, plan: Plan): Promise<void> {
  await claim(host.store, layout(plan.env, plan.pipeline).plan(plan.run), plan)
  await publishStart(host, plan)
}

/** Starts a run whose plan is stored. Idempotent. */
export function publishStart({ bus }: Pick<Host, 'bus'>, plan: Plan): Promise<void> {
  return publish(bus, plan, [runEvent(plan, 'run-started', plan.createdAt)])
}

/**
 * Cancels a run unless it has ended, and tells its hosts to stop. Finished tasks stay finished.
 *
 * @returns the run's end, which another process may have decided
 * @throws CairnError NOT_FOUND when there is no such run
 */
export async function cancel(
  host: Pick<Host, 'store' | 'bus' | 'clock' | 'name'>,
  { env, pipeline }: Pick<Plan, 'env' | 'pipeline'>,
  name: string,
): Promise<RunEnd> {
  const { store, bus, clock } = host
  const at = layout(env, pipeline)
  const plan = await readRecord<Plan>(store, at.plan(name))
  if (!plan) throw new CairnError('NOT_FOUND', `run ${name} of ${pipeline} has no plan in ${env}`)
  const end = await claimRunEnd(host, plan, 'cancelled')
  if (end.status === 'cancelled') {
    const event = runEvent(plan, 'run-cancelled', clock.now())
    await publish(bus, plan, [event])
    await publish(bus, plan, [event], { topic: controlTopicOf(plan) })
  }
  return end
}

/** Writes the end of a run unless there is one. The first writer decides. */
export function claimRunEnd(
  { store, clock, name }: Pick<Host, 'store' | 'clock' | 'name'>,
  { env, pipeline, run }: Plan,
  status: RunEnd['status'],
): Promise<RunEnd> {
  const end: RunEnd = { v: RECORD_VERSION, status, endedAt: clock.now(), host: name }
  return claim(store, layout(env, pipeline).runEnd(run), end)
}
