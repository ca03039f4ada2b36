import { outputsOf } from '@cairn/workspace'
import {
  canonical,
  CairnError,
  describeKind,
  fits,
  kindText,
  suggest,
  type AnyKind,
  type Artifact,
  type ArtifactRef,
} from '@cairn/kernel'
import { fetchObject, openArtifact, type Plan } from '@cairn/records'
import type { Ref } from '@cairn/kernel/contract'
import type { Session } from './session.ts'

/** An output of a run, as a later step would receive it. Only what is looked at is fetched. */
export async function valueOf(session: Session, plan: Plan, ref: Ref, kind: AnyKind): Promise<unknown> {
  const found = await artifactOf(session, plan, ref)
  checkWritten(plan, ref, kind)
  return kind.decode(openIn(session, found))
}

/** @throws CairnError NOT_FOUND that says what became of the node instead */
export async function artifactOf({ workspace }: Session, plan: Plan, ref: Ref): Promise<ArtifactRef> {
  if ('item' in ref)
    throw new CairnError('BAD_PARAMETER', `what flows there is one item of ${ref.item}, not one artifact`, {
      next: 'look at the list that it maps over, or at the list that it gives',
    })
  const { node, output } = ref
  const outputs = await outputsOf(workspace.store, workspace.at(plan.pipeline), plan, node)
  if (!outputs)
    throw new CairnError('NOT_FOUND', `${node} gave nothing in run ${plan.run}`, {
      next: `cairn show ${plan.pipeline}/${plan.run}`,
    })
  if (outputs[output]) return outputs[output]
  throw new CairnError('NOT_FOUND', `${node} gave no "${output}" in run ${plan.run}`, {
    next: suggest(output, Object.keys(outputs)),
  })
}

/** An artifact that a kind can read; its object is fetched when it is first looked at. */
export function openIn({ workspace, base }: Pick<Session, 'workspace' | 'base'>, ref: ArtifactRef): Artifact {
  const at = workspace.at(base.pipeline)
  const fetch = async ({ digest }: ArtifactRef) => {
    const { store } = workspace
    const file = await fetchObject(store, at, digest)
    if (file !== undefined) return file
    throw new CairnError('NOT_FOUND', `object ${digest} was collected`, {
      next: 'run that far: what is gone is computed again, from the nearest checkpoint that is still there',
    })
  }
  return openArtifact(ref, fetch, () => workspace.scratch())
}

/** Whether today's kind can read what the run wrote. */
function checkWritten({ nodes, steps, run }: Plan, ref: Ref, kind: AnyKind): void {
  if ('item' in ref) return
  const node = nodes[ref.node]
  const written = node?.type === 'step' ? steps[node.step]?.outputs[ref.output] : undefined
  if (!written || canonical(written) === canonical(describeKind(kind)) || fits(kind, written)) return
  throw new CairnError(
    'BAD_WIRING',
    `${ref.node}.${ref.output} of run ${run} is ${kindText(written)}; today's code reads ${kindText(describeKind(kind))}`,
    { next: `cairn cat ${run}/${ref.node}/${ref.output} --raw` },
  )
}
