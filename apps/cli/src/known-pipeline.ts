import type { Workspace } from '@cairn/workspace'
import { CairnError, suggest } from '@cairn/kernel'
import { pipelineNames, NAMES } from '@cairn/records'
import { undefinedOn } from '@cairn/kernel/contract'

/** Names of the pipelines with runs; on services, only those that the token may read. */
export function knownPipelines({ store, project }: Workspace): Promise<readonly string[]> {
  return pipelineNames(store, project.env)
}

/**
 * The error for an unknown pipeline.
 *
 * @throws CairnError NOT_ALLOWED if the token of services may not read it
 */
export async function unknownPipeline(
  workspace: Workspace,
  pipeline: string,
  known: readonly string[],
): Promise<CairnError> {
  if (NAMES.name.fits(pipeline))
    await workspace.store.children(workspace.at(pipeline).runs).catch(undefinedOn('NOT_FOUND'))
  return new CairnError('NOT_FOUND', `there are no runs of a pipeline "${pipeline}"`, {
    next: suggest(pipeline, known, `cairn run ${pipeline}`),
  })
}
