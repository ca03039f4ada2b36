import { dependenciesOf, type EndRecord, type Plan } from '@cairn/records'
import type { RunRequest } from './plan-run.ts'

/**
 * Creates the request for a retry of a recorded run, which reuses what that has finished. It sets only what was set by
 * hand, so that changed defaults apply, and runs no more of the pipeline than before.
 *
 * @param from where to start, if not where the run did
 */
export function retryOf(plan: Plan, ends: ReadonlyMap<string, EndRecord>, from: string | undefined): RunRequest {
  const { run: base, nodes, settings = {} } = plan
  const unitOf = (id: string) => nodes[id]!.scope[0] ?? id
  const units = [
    ...new Set(
      Object.keys(nodes)
        .filter((id) => nodes[id]!.type !== 'given')
        .map(unitOf),
    ),
  ]
  const reads = new Map<string, Set<string>>()
  for (const id of Object.keys(nodes))
    reads.set(unitOf(id), (reads.get(unitOf(id)) ?? new Set()).union(new Set(dependenciesOf(nodes, id).map(unitOf))))
  const isRead = (id: string) => units.some((other) => other !== id && reads.get(other)!.has(id))
  const isFirst = (id: string) => units.every((other) => other === id || !reads.get(id)!.has(other))
  const isFinished = (id: string) => ends.get(unitOf(id))?.status === 'completed'
  const force = Object.keys(nodes).filter((id) => {
    const node = nodes[id]!
    return node.type === 'step' && node.force === true && !isFinished(id)
  })
  return {
    settings,
    base,
    from: from !== undefined ? [from] : plan.partial ? units.filter(isFirst) : [],
    ...(plan.partial && { until: units.filter((id) => !isRead(id)) }),
    ...(force.length > 0 && { force }),
  }
}
