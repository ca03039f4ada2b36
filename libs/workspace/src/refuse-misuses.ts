import { findingText, misuses } from '@cairn/fingerprint'
import { CairnError } from '@cairn/kernel'
import type { LoadedPipeline } from './project.ts'
import { requireStableGraph } from './require-stable-graph.ts'
import type { Workspace } from './workspace.ts'

/**
 * Refuses a pipeline that inspects a handle, because its graph would not be what its author means.
 *
 * @throws CairnError BAD_DEFINITION with the first such place
 */
export async function refuseMisuses({ project, cache }: Workspace, loaded: LoadedPipeline): Promise<void> {
  const [first] = await misuses({ entry: loaded.file, root: project.root, cache })
  if (first) throw new CairnError('BAD_DEFINITION', findingText(first), { next: 'list all such places: cairn lint' })
  requireStableGraph(loaded, project.root)
}
