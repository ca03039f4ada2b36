import { findProject, readContext } from '@cairn/embedded'
import { EXIT } from '../fail.ts'
import { probe } from '../local/health.ts'
import { Stack } from '../local/stack.ts'
import { statusText } from '../local/status.ts'
import type { GlobalOptions } from '../open.ts'
import { waitingLetters } from '../remote/dead-letters.ts'
import { printData, printLines } from '../terminal/print.ts'

/** `cairn status`: how the services of this machine are. */
export default async function status(_: object, command: { optsWithGlobals(): GlobalOptions }): Promise<void> {
  const { project: folder = process.cwd(), json } = command.optsWithGlobals()
  const { root } = findProject(folder)
  const stack = new Stack(root)
  const found = stack.running ? await Promise.all(stack.services.map(probe)) : []
  const isWell = found.length > 0 && found.every(({ state }) => state === 'ready')
  process.exitCode = isWell ? EXIT.ok : EXIT.error
  const letters = found.length > 0 ? await deadLetters(root) : {}
  if (json)
    return printData(JSON.stringify({ running: found.length > 0, services: found, deadLetters: letters }, null, 2))
  if (found.length === 0) return printLines('not running\nnext  cairn up')
  printLines(statusText(found))
  for (const [pipeline, count] of Object.entries(letters))
    printLines(`\n${count} dead letters of ${pipeline} wait  cairn dead-letters list ${pipeline} --on local`)
  const ill = found.find(({ state }) => state !== 'ready')
  if (ill) printLines(`\nnext  cairn logs ${ill.name}`)
}

/** Where control does not answer, the table says so. */
function deadLetters(root: string): Promise<Readonly<Record<string, number>>> {
  return waitingLetters(readContext(root, 'local').control).catch(() => ({}))
}
