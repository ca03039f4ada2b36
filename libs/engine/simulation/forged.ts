import { runEvent, subjectOf, type CairnEvent, type EventData, type EventType, type Plan } from '@cairn/records'
import type { World } from './world.ts'

const ENDINGS = ['completed', 'failed', 'timed-out', 'cancelled', 'skipped', 'blocked'] as const
const TYPES: readonly EventType[] = [...ENDINGS, ...ENDINGS, 'ready', 'run-started', 'run-cancelled', 'run-ended']

/** Creates an event that anyone who can publish could forge: well formed, about a run and one of its nodes. */
export function forgedEvent(world: World, plan: Plan): CairnEvent {
  const type = world.pick(TYPES)
  if (type.startsWith('run-'))
    return runEvent(plan, type as 'run-started', world.chance(0.5) ? plan.createdAt : world.now)
  const node = world.pick(Object.keys(plan.nodes))
  const { scope, ...of } = plan.nodes[node]!
  const batch = scope.map(() => world.pick([0, 0, 1, 2, 9])).join('.')
  const { env, pipeline, run } = plan
  const data: EventData = {
    ...{ env, pipeline, run, node },
    ...(batch !== '' && { batch }),
    ...('step' in of && { step: of.step }),
    ...(type !== 'ready' && { counts: world.chance(0.7) ? {} : { out: [world.pick([0, 1, 2])] } }),
  }
  const subject = subjectOf(data)
  return {
    specversion: '1.0',
    id: `${subject}/${type}`,
    type: `cairn.${type}`,
    source: `/${env}/${pipeline}`,
    subject,
    time: new Date(world.now).toISOString(),
    partitionkey: run,
    data,
    headers: {},
  }
}
