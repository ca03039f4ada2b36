import { findProject } from '@cairn/embedded'
import { Stack } from '../local/stack.ts'
import { runServers, stopServices } from '../local/start.ts'
import type { GlobalOptions } from '../open.ts'
import { printData } from '../terminal/print.ts'

/** `cairn down`: stops what `cairn up` has started. What is stored stays. */
export default async function down(_: object, command: { optsWithGlobals(): GlobalOptions }): Promise<void> {
  const { project: folder = process.cwd(), json } = command.optsWithGlobals()
  const stack = new Stack(findProject(folder).root)
  await stopServices(stack)
  await runServers(['down', '--folder', stack.servers])
  printData(json ? JSON.stringify({ stopped: true }) : 'stopped; what was stored stays')
}
