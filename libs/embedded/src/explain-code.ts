import { changeText, explain } from '@cairn/fingerprint'
import { readRecord, type Manifest, type Plan } from '@cairn/kernel/runtime'
import type { Workspace } from './workspace.ts'

/** Which declarations and packages make two fingerprints of a step differ, each with the path by which it is reached. */
export async function explainCode(
  workspace: Workspace,
  { pipeline, nodes }: Plan,
  node: string,
  before: string,
  after: string,
): Promise<string[]> {
  const planned = nodes[node]
  const step = planned?.type === 'step' ? planned.step : node
  const [then, now] = [await manifest(workspace, pipeline, before), await manifest(workspace, pipeline, after)]
  if (!then || !now) return ['its code changed']
  return explain(step, then, now).map(changeText)
}

async function manifest(workspace: Workspace, pipeline: string, fingerprint: string): Promise<Manifest | undefined> {
  return readRecord<Manifest>(workspace.store, workspace.at(pipeline).manifest(fingerprint))
}
