import { findProject } from '@cairn/embedded'
import { EXIT } from '../fail.ts'
import { probe } from '../local/health.ts'
import { Stack } from '../local/stack.ts'
import { statusText } from '../local/status.ts'
import type { GlobalOptions } from '../open.ts'
import { printData, printLines } from '../terminal/print.ts'

/** `cairn status`: how the services of this machine are. */
export default async function status(_: object, command: { optsWithGlobals(): GlobalOptions }): Promise<void> {
  const { project: folder = process.cwd(), json } = command.optsWithGlobals()
  const stack = new Stack(findProject(folder).root)
  const found = stack.running ? await Promise.all(stack.services.map(probe)) : []
  const isWell = found.length > 0 && found.every(({ state }) => state === 'ready')
  process.exitCode = isWell ? EXIT.ok : EXIT.error
  if (json) return printData(JSON.stringify({ running: found.length > 0, services: found }, null, 2))
  if (found.length === 0) return printLines('not running\nnext  cairn up')
  printLines(statusText(found))
  const ill = found.find(({ state }) => state !== 'ready')
  if (ill) printLines(`\nnext  cairn logs ${ill.name}`)
}
