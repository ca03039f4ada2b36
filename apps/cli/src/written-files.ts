import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CairnError } from '@cairn/kernel'
import { fileDigest } from '@cairn/records'
import { outputsOf, recentRuns, type Workspace } from '@cairn/workspace'

/** The target file of an output. */
export interface Target {
  readonly file: string
  readonly node: string
  readonly output: string
}

/**
 * Refuses a folder that other programs own, and to overwrite a file that holds no output of a run.
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

/** Whether a file exists whose content is not the output of one of the newest runs. */
export async function isForeign(workspace: Workspace, pipeline: string, { file, node, output }: Target) {
  // Pipes, devices, empty files and this process's own output are not foreign.
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
