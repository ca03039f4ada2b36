import { readContext, type Workspace } from '@cairn/workspace'
import { undefinedOn } from '@cairn/kernel/contract'
import { findArtifactPath } from '../artifact-path.ts'
import { openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { requireContext } from '../remote/context.ts'
import { postTo } from '../remote/control-client.ts'
import { printData, printLines } from '../terminal/print.ts'

/** `cairn cancel`: cancels a run on services. Finished steps are kept. */
export default async function cancel(
  path: string,
  _: object,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json, ...globals } = command.optsWithGlobals()
  const on = requireContext(globals, 'a local run is cancelled with Ctrl-C')
  const workspace = await openWorkspace(globals)
  const { control } = readContext(workspace.project.root, on)
  const end = async (place: { readonly pipeline: string; readonly run: string }) => ({
    ...place,
    ...(await postTo(control, '/v1/pipelines/{pipeline}/runs/{run}/cancel', { path: place, body: {} })),
  })
  const named = wholeName(path)
  const ended =
    (named && (await end(named).catch(undefinedOn('NOT_FOUND')))) ?? (await end(await found(workspace, path)))
  const { pipeline, run, status } = ended
  if (json) return printData(JSON.stringify({ pipeline, run, status }))
  printLines(
    status === 'cancelled'
      ? `cancelled  ${pipeline}/${run}`
      : `${status}  ${pipeline}/${run} ended before it could be cancelled`,
  )
}

/** A run by its full name. It is not looked up, as that needs the right to read. */
function wholeName(path: string): { pipeline: string; run: string } | undefined {
  const [, pipeline, run] = /^([\w-]+)\/(\d{8}-\d{6}-\w+)$/.exec(path) ?? []
  return pipeline === undefined || run === undefined ? undefined : { pipeline, run }
}

async function found(workspace: Workspace, path: string): Promise<{ pipeline: string; run: string }> {
  const { pipeline, run } = await findArtifactPath(workspace, path)
  return { pipeline, run: run.plan.run }
}
