import { changeText, explain, type Change } from '@cairn/fingerprint'
import { storedManifest, type CodeName, type Plan } from '@cairn/records'
import type { Workspace } from './workspace.ts'

/**
 * Finds the declarations and packages that make two versions of a step's code differ, each with the path by which it is
 * reached. Empty when the store no longer knows one of the versions.
 */
export async function changesOfCode(
  workspace: Workspace,
  { pipeline, nodes }: Plan,
  node: string,
  before: CodeName,
  after: CodeName,
): Promise<Change[]> {
  const planned = nodes[node]
  const step = planned?.type === 'step' ? planned.step : node
  const manifest = (code: CodeName) => storedManifest(workspace.store, workspace.at(pipeline), code)
  const [then, now] = [await manifest(before), await manifest(after)]
  return then && now ? explain(step, then, now) : []
}

/** Formats changes of code, a line each. */
export function changesText(changes: readonly Change[]): string[] {
  return changes.length > 0 ? changes.map(changeText) : ['its code changed']
}
