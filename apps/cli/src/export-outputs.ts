import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inlineBytes, type EndRecord, type Plan } from '@cairn/records'
import type { AnyKind, Pipeline } from '@cairn/kernel'
import type { Workspace } from '@cairn/workspace'
import type { Target } from './written-files.ts'

/** The file for each output of a pipeline in a folder, named for other programs: `metrics.json`, `report.html`. */
export function exportTargets({ graph }: Pipeline, plan: Plan, folder: string): Target[] {
  return Object.entries(plan.outputs).flatMap(([name, ref]) =>
    'node' in ref
      ? [{ ...ref, file: join(folder, `${name}${extensionOf(graph.nodes.get(ref.node)?.outputs[ref.output])}`) }]
      : [],
  )
}

/** Writes a pipeline's outputs into a folder. */
export async function exportOutputs(
  workspace: Workspace,
  plan: Plan,
  ends: ReadonlyMap<string, EndRecord>,
  folder: string,
  targets: readonly Target[],
): Promise<string[]> {
  mkdirSync(folder, { recursive: true })
  const written: string[] = []
  for (const { file, node, output } of targets) {
    const outcome = ends.get(node)?.items[0]
    const artifact = outcome?.status === 'completed' ? outcome.outputs[output] : undefined
    if (!artifact) continue
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
