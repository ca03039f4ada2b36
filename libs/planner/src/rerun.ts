import { CairnError, type ArtifactRef } from '@cairn/kernel'
import { dependenciesOf, type Plan, type PlannedNode, type PlannedStep } from '@cairn/records'

export interface Rerun {
  /** Name of the new run. */
  readonly run: string
  readonly now: number
  /** Returns a node's outputs in the recorded run; undefined when the node did not complete. */
  readonly outputs: (node: string) => Promise<Readonly<Record<string, ArtifactRef>> | undefined>
}

/**
 * Plans a rerun of one node of a recorded run, a step or a whole `each`, with the recorded code, parameters and inputs.
 * It neither uses nor writes checkpoints, so that no other run depends on it.
 *
 * @throws CairnError BAD_PARAMETER for a node that cannot be computed on its own; NOT_FOUND when an input's node did
 * not complete
 */
export async function planRerun(plan: Plan, node: string, { run, now, outputs }: Rerun): Promise<Plan> {
  const first = plan.nodes[node]
  if (first?.type !== 'step' && first?.type !== 'each')
    throw new CairnError('BAD_PARAMETER', `${node} was not computed in ${plan.run}`, {
      next: `available: ${Object.keys(plan.nodes).join(', ')}`,
    })
  if (first.scope.length > 0)
    throw new CairnError('BAD_PARAMETER', `${node} is inside ${first.scope[0]} and cannot run alone`, {
      next: `rerun ${first.scope[0]}`,
    })

  const inside = Object.keys(plan.nodes).filter((id) => id === node || plan.nodes[id]!.scope.includes(node))
  const kept: Record<string, PlannedNode> = {}
  for (const id of inside) {
    const planned = plan.nodes[id]!
    kept[id] = { ...planned, guards: planned.guards.filter(({ when }) => inside.includes(when)) }
  }
  const given: Record<string, PlannedNode> = {}
  const read = inside.flatMap((id) => dependenciesOf({ ...plan.nodes, ...kept }, id))
  for (const id of new Set(read).difference(new Set(inside))) {
    const found = await outputs(id)
    if (!found) throw new CairnError('NOT_FOUND', `${id}, which ${node} reads, did not complete in ${plan.run}`)
    given[id] = { type: 'given', scope: [], guards: [], from: plan.run, outputs: found }
  }
  const steps: Record<string, PlannedStep> = {}
  for (const planned of Object.values(kept))
    if (planned.type === 'step')
      steps[planned.step] = { ...plan.steps[planned.step]!, cache: { never: `rerun of ${plan.run}` } }
  const { v, env, pipeline, playground, params, settings, taints } = plan
  return {
    ...{ v, run, env, pipeline, createdAt: now, parent: plan.run, partial: true, params },
    ...(playground !== undefined && { playground }),
    ...(settings && { settings }),
    ...(taints && { taints }),
    ...{ steps, nodes: { ...given, ...kept }, outputs: {} },
  }
}
