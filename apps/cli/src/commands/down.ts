import { join } from 'node:path'
import { findProject } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import { Stack } from '../local/stack.ts'
import { stopStack } from '../local/stop.ts'
import type { GlobalOptions } from '../global-options.ts'
import { printData, printNotes } from '../terminal/print.ts'

/** `cairn down`: stops the services that `cairn up` started. Stored data is kept. */
export default async function down(_: object, command: { optsWithGlobals(): GlobalOptions }): Promise<void> {
  const { project: folder = process.cwd(), json } = command.optsWithGlobals()
  const stack = new Stack(findProject(folder).root)
  const { ended, left } = await stack.locked(printNotes, () => stopStack(stack))
  if (left.length > 0)
    throw new CairnError('TIMED_OUT', `these processes did not stop: ${left.join(', ')}`, {
      next: `look at them: ps -o pid,stat,user,args -p <process>; their logs are in ${join(stack.folder, 'logs')}; then cairn down again`,
    })
  const text = ended === 0 ? 'nothing was running; stored data is kept' : 'stopped; stored data is kept'
  printData(json ? JSON.stringify({ stopped: true, processes: ended }) : text)
}
