import { rollBack } from '@cairn/kernel/runtime'
import { openPipeline, openProduction, type GlobalOptions } from '../open.ts'
import { paint } from '../terminal/style.ts'
import { whoIsHere } from '../who.ts'

/** `cairn rollback`: production is again what it was before. */
export default async function rollback(
  name: string | undefined,
  { by = whoIsHere() }: { readonly by?: string },
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json, ...globals } = command.optsWithGlobals()
  const production = await openProduction(globals)
  const { pipeline } = await openPipeline(production, name)
  const now = production.clock.now()
  const champion = await rollBack(production.store, production.at(pipeline.name), { by, since: now })
  if (json) return console.log(JSON.stringify({ pipeline: pipeline.name, ...champion }, null, 2))
  console.log(`${paint('green', 'rolled back')}  ${pipeline.name}/${champion.run} is in production again`)
}
