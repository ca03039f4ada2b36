import { copyRuns } from '../copy-runs.ts'
import { openWorkspace, type GlobalOptions } from '../open.ts'
import { contextNamed } from '../remote/needed.ts'

/** `cairn pull`: brings runs of services to this machine, which then reuses what they computed. */
export default async function pull(
  path: string | undefined,
  { runs }: { runs: number },
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json = false, ...globals } = command.optsWithGlobals()
  const on = contextNamed(globals, 'it names the services')
  const { on: _, ...here } = globals
  const [local, remote] = [await openWorkspace(here), await openWorkspace({ ...globals, on })]
  await copyRuns(remote, local, path, { runs, json })
}
