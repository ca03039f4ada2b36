import { copyRuns } from '../copy-runs.ts'
import type { GlobalOptions } from '../open.ts'
import { openBoth } from '../remote/needed.ts'

/** `cairn push`: brings runs of this machine to services, which then reuse what they computed. Needs the right to adopt. */
export default async function push(
  path: string | undefined,
  { runs }: { runs: number },
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { here, there, json } = await openBoth(command.optsWithGlobals())
  await copyRuns(here, there, path, { runs, json })
}
