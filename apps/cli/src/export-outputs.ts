import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inlineBytes, type AnyKind, type EndRecord, type Pipeline, type Plan } from '@cairn/kernel/runtime'
import type { Workspace } from '@cairn/embedded'

/** Writes a pipeline's outputs into a folder as files that other programs open: `metrics.json`, `report.html`. */
export async function exportOutputs(
  workspace: Workspace,
  { graph }: Pipeline,
  plan: Plan,
  ends: ReadonlyMap<string, EndRecord>,
  folder: string,
): Promise<string[]> {
  mkdirSync(folder, { recursive: true })
  const written: string[] = []
  for (const [name, ref] of Object.entries(plan.outputs)) {
    if (!('node' in ref)) continue
    const lane = ends.get(ref.node)?.lanes[0]
    const artifact = lane?.status === 'completed' ? lane.outputs[ref.output] : undefined
    if (!artifact) continue
    const file = join(folder, `${name}${extensionOf(graph.nodes.get(ref.node)?.outputs[ref.output])}`)
    const held = inlineBytes(artifact)
    if (held) writeFileSync(file, held)
    else copyFileSync((await workspace.store.fetch(workspace.at(plan.pipeline).object(artifact.digest)))!, file)
    written.push(file)
  }
  return written
}

function extensionOf(kind: AnyKind | undefined): string {
  return kind?.extension ? `.${kind.extension}` : ''
}
