import { join } from 'node:path'
import { findProject } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import { Stack } from '../local/stack.ts'
import { stopStack } from '../local/stop.ts'
import type { GlobalOptions } from '../global-options.ts'
import { printData, printNotes } from '../terminal/print.ts'

/** `cairn down`: stops what `cairn up` has started. What is stored stays. */
export default async function down(_: object, command: { optsWithGlobals(): GlobalOptions }): Promise<void> {
  const { project: folder = process.cwd(), json } = command.optsWithGlobals()
  const stack = new Stack(findProject(folder).root)
  const { ended, left } = await stack.locked(printNotes, () => stopStack(stack))
  if (left.length > 0)
    throw new CairnError('TIMED_OUT', `could not be stopped: ${left.join(', ')}`, {
      next: `see why: ps -o pid,stat,user,args -p <process>; then cairn down again; what it logs: ${join(stack.folder, 'logs')}`,
    })
  const text = ended === 0 ? 'nothing was running; what was stored stays' : 'stopped; what was stored stays'
  printData(json ? JSON.stringify({ stopped: true, processes: ended }) : text)
}
