import { readContext } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import { rollBack, currentChampion } from '@cairn/promotion'
import type { Champion } from '@cairn/records'
import { openPipeline, openProduction } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { paint } from '../terminal/style.ts'
import { byNotAllowed, currentUser } from '../current-user.ts'
import { printData, printLines } from '../terminal/print.ts'

/** `cairn rollback`: production is again what it was before. */
export default async function rollback(
  name: string | undefined,
  { by }: { readonly by?: string },
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json, ...globals } = command.optsWithGlobals()
  if (globals.on !== undefined && by !== undefined) throw byNotAllowed(globals.on)
  const production = await openProduction(globals)
  const { store, clock, project } = production
  const { pipeline } = await openPipeline(production, name)
  const at = production.at(pipeline.name)
  const current = await currentChampion(store, at)
  const champion: Champion =
    globals.on === undefined
      ? await rollBack(store, at, current, { by: by ?? currentUser(), since: clock.now() })
      : await onServices(project.root, globals.on, pipeline.name, current.champion?.run)
  if (json) return printData(JSON.stringify({ pipeline: pipeline.name, ...champion }, null, 2))
  printLines(`${paint('green', 'rolled back')}  ${pipeline.name}/${champion.run} is in production again`)
}

async function onServices(root: string, on: string, pipeline: string, expected: string | undefined): Promise<Champion> {
  if (expected === undefined)
    throw new CairnError('NOT_FOUND', `nothing of ${pipeline} was promoted --on ${on}`, {
      next: `cairn promote --on ${on}`,
    })
  const { rollBackOn } = await import('../remote/production.ts')
  return rollBackOn(readContext(root, on).control, pipeline, expected)
}
