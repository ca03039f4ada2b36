import { changeText, explain } from '@cairn/fingerprint'
import { storedManifest, type CodeName, type Plan } from '@cairn/records'
import type { Workspace } from './workspace.ts'

/**
 * Explains which declarations and packages make two versions of a step's code differ, each with the path by which it is
 * reached.
 */
export async function explainCode(
  workspace: Workspace,
  { pipeline, nodes }: Plan,
  node: string,
  before: CodeName,
  after: CodeName,
): Promise<string[]> {
  const planned = nodes[node]
  const step = planned?.type === 'step' ? planned.step : node
  const manifest = (code: CodeName) => storedManifest(workspace.store, workspace.at(pipeline), code)
  const [then, now] = [await manifest(before), await manifest(after)]
  if (!then || !now) return ['its code changed']
  return explain(step, then, now).map(changeText)
}
