import { copyRuns } from '../copy-runs.ts'
import { openWorkspace, type GlobalOptions } from '../open.ts'
import { contextNamed } from '../remote/needed.ts'

/** `cairn push`: brings runs of this machine to services, which then reuse what they computed. Needs the right to adopt. */
export default async function push(
  path: string | undefined,
  { runs }: { runs: number },
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json = false, ...globals } = command.optsWithGlobals()
  const on = contextNamed(globals, 'it names the services')
  const { on: _, ...here } = globals
  const [local, remote] = [await openWorkspace(here), await openWorkspace({ ...globals, on })]
  await copyRuns(local, remote, path, { runs, json })
}
