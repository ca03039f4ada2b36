import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CairnError } from '@cairn/kernel'
import { fileDigest } from '@cairn/records'
import { outputsOf, recentRuns, type Workspace } from '@cairn/workspace'

/** A file that an output of a step is to be written to. */
export interface Target {
  readonly file: string
  readonly node: string
  readonly output: string
}

/**
 * Refuses a folder that other programs own, and to write over a file that holds no output of a run.
 *
 * @throws CairnError REFUSED
 */
export async function refuseOwned(workspace: Workspace, pipeline: string, folder: string, targets: readonly Target[]) {
  const manifest = join(folder, 'package.json')
  if (existsSync(manifest) && !targets.some(({ file }) => file === manifest))
    throw new CairnError('REFUSED', `${folder} holds a package (${manifest}): outputs are not written there`, {
      next: `write them to a separate folder: --out ${join(folder, 'results')}`,
    })
  for (const target of targets)
    if (await isForeign(workspace, pipeline, target))
      throw new CairnError('REFUSED', `${target.file} already exists and was not written by a run of ${pipeline}`, {
        next: `write to a separate folder, --out ${join(folder, pipeline)}, or move that file away`,
      })
}

/** Whether there is a file with other content than the output has had in one of the newest runs. */
export async function isForeign(workspace: Workspace, pipeline: string, { file, node, output }: Target) {
  // A pipe or a device is none, nor what is made to be written to: an empty file, this process's output.
  if (!existsSync(file) || file.startsWith('/dev/') || !statSync(file).isFile() || statSync(file).size === 0)
    return false
  const { digest } = fileDigest(file)
  const at = workspace.at(pipeline)
  for await (const { plan } of recentRuns(workspace.store, at)) {
    if (plan.nodes[node] === undefined) continue
    if ((await outputsOf(workspace.store, at, plan, node))?.[output]?.digest === digest) return false
  }
  return true
}
