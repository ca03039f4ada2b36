import { readContext } from '@cairn/workspace'
import { findArtifactPath } from '../artifact-path.ts'
import { openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { followRun, type FollowOptions } from '../remote/follow.ts'
import { requireContext } from '../remote/context.ts'

/** `cairn follow`: shows the progress of a run on services, even one that started long ago. */
export default async function follow(
  path: string,
  options: Omit<FollowOptions, 'json'>,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json = false, ...globals } = command.optsWithGlobals()
  const on = requireContext(globals, 'a local run shows its progress where it was started')
  const workspace = await openWorkspace(globals)
  const { pipeline, run } = await findArtifactPath(workspace, path)
  await followRun(workspace, readContext(workspace.project.root, on), pipeline, run.plan.run, { ...options, json })
}
