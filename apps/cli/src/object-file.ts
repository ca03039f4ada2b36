import type { ArtifactRef } from '@cairn/kernel'
import { fetchObject, objectNotFound, type Plan } from '@cairn/records'
import type { Workspace } from '@cairn/workspace'

/** The local file of an object. */
export async function objectFile(
  workspace: Workspace,
  { pipeline }: Pick<Plan, 'pipeline'>,
  ref: ArtifactRef,
): Promise<string> {
  const file = await fetchObject(workspace.store, workspace.at(pipeline), ref.digest)
  if (file !== undefined) return file
  throw objectNotFound(ref.digest)
}
