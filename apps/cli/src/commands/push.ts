import { CairnError } from '@cairn/kernel'
import { copyResults } from '@cairn/maintenance'
import { copyRuns } from '../copy-runs.ts'
import type { GlobalOptions } from '../global-options.ts'
import { openLocalAndRemote } from '../remote/context.ts'

/** `cairn push`: copies the results of local runs to services, which then reuse them. Needs the rights `adopt` and `read`. */
export default async function push(
  path: string | undefined,
  { runs }: { runs: number },
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { here, there, json } = await openLocalAndRemote(command.optsWithGlobals())
  await copyRuns(here, there, path, { runs, json, onNone: nothingToPush }, copyResults)
}

/** An error, not a success: no request was made, so a token without the right would go unnoticed. */
function nothingToPush(): CairnError {
  return new CairnError('NOT_FOUND', 'nothing to push: no local run has ended', {
    next: 'run a pipeline without --on first',
  })
}
