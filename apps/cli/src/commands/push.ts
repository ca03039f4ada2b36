import { CairnError } from '@cairn/kernel'
import { copyResults } from '@cairn/maintenance'
import { copyRuns } from '../copy-runs.ts'
import type { GlobalOptions } from '../global-options.ts'
import { openBoth } from '../remote/needed.ts'

/** `cairn push`: brings what runs of this machine computed to services, which then reuse it. Needs the rights to adopt and to read. */
export default async function push(
  path: string | undefined,
  { runs }: { runs: number },
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { here, there, json } = await openBoth(command.optsWithGlobals())
  await copyRuns(here, there, path, { runs, json, onNone: nothingToPush }, copyResults)
}

/** Nothing was asked of the services, so that not even a token without the right was refused. */
function nothingToPush(): CairnError {
  return new CairnError('NOT_FOUND', 'nothing to push: no local run has ended', {
    next: 'run a pipeline without --on first',
  })
}
