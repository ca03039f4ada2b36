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

/** Returns an output of a run, as a later step would receive it. Objects are fetched on demand. */
export async function valueOf(session: Session, plan: Plan, ref: Ref, kind: AnyKind): Promise<unknown> {
  const found = await artifactOf(session, plan, ref)
  checkWritten(plan, ref, kind)
  return kind.decode(openIn(session, found))
}

/** Finds an output of a node. @throws CairnError NOT_FOUND when the run does not have it */
export async function artifactOf({ workspace }: Session, plan: Plan, ref: Ref): Promise<ArtifactRef> {
  if ('item' in ref)
    throw new CairnError('BAD_PARAMETER', `the value is one item of ${ref.item}, not an artifact`, {
      next: 'read the list that it maps over, or the list that it returns',
    })
  const { node, output } = ref
  const outputs = await outputsOf(workspace.store, workspace.at(plan.pipeline), plan, node)
  if (!outputs)
    throw new CairnError('NOT_FOUND', `run ${plan.run} has no outputs of ${node}`, {
      next: `cairn show ${plan.pipeline}/${plan.run}`,
    })
  if (outputs[output]) return outputs[output]
  throw new CairnError('NOT_FOUND', `run ${plan.run} has no output "${output}" of ${node}`, {
    next: suggest(output, Object.keys(outputs)),
  })
}

/** Opens an artifact for a kind. Its object is fetched on first use. */
export function openIn({ workspace, base }: Pick<Session, 'workspace' | 'base'>, ref: ArtifactRef): Artifact {
  const at = workspace.at(base.pipeline)
  const fetch = async ({ digest }: ArtifactRef) => {
    const { store } = workspace
    const file = await fetchObject(store, at, digest)
    if (file !== undefined) return file
    throw new CairnError('NOT_FOUND', `a collection removed object ${digest}`, {
      next: 'run the pipeline up to this step; missing results are computed again',
    })
  }
  return openArtifact(ref, fetch, () => workspace.scratch())
}

/** Refuses a value that the current kind cannot read. */
function checkWritten({ nodes, steps, run }: Plan, ref: Ref, kind: AnyKind): void {
  if ('item' in ref) return
  const node = nodes[ref.node]
  const written = node?.type === 'step' ? steps[node.step]?.outputs[ref.output] : undefined
  if (!written || canonical(written) === canonical(describeKind(kind)) || fits(kind, written)) return
  throw new CairnError(
    'BAD_WIRING',
    `${ref.node}.${ref.output} of run ${run} is ${kindText(written)}, but the current code expects ${kindText(describeKind(kind))}`,
    { next: `to print what is stored: cairn cat ${run}/${ref.node}/${ref.output} --raw` },
  )
}
