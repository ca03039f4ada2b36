import { CairnError } from '@cairn/kernel'
import type { Workspace } from '@cairn/workspace'
import { openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'

/** The context of a command that needs one. */
export function requireContext({ on }: GlobalOptions, why: string): string {
  if (on !== undefined) return on
  throw new CairnError('BAD_PARAMETER', `--on <context> is missing: ${why}`, {
    next: 'add --on local for the services that cairn up starts on this machine',
  })
}

/** The local store and the store of the services of `--on`. */
export async function openLocalAndRemote({
  json = false,
  ...globals
}: GlobalOptions): Promise<{ here: Workspace; there: Workspace; json: boolean }> {
  const on = requireContext(globals, 'it names the services to copy to or from')
  const { on: _, ...local } = globals
  return { here: await openWorkspace(local), there: await openWorkspace({ ...globals, on }), json }
}
