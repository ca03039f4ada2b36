import { copyRun } from '@cairn/maintenance'
import { copyRuns } from '../copy-runs.ts'
import type { GlobalOptions } from '../global-options.ts'
import { openLocalAndRemote } from '../remote/context.ts'

/** `cairn pull`: copies runs from services to this machine, which then reuses their results. */
export default async function pull(
  path: string | undefined,
  { runs }: { runs: number },
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { here, there, json } = await openLocalAndRemote(command.optsWithGlobals())
  await copyRuns(there, here, path, { runs, json }, copyRun)
}
