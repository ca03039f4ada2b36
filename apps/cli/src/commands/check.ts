import { faultsOf } from '@cairn/workspace'
import { EXIT } from '../fail.ts'
import type { GlobalOptions } from '../global-options.ts'
import { openWorkspace } from '../open.ts'
import { printData, printLines } from '../terminal/print.ts'
import { paint } from '../terminal/style.ts'
import { checkTypes } from '../type-check.ts'

/**
 * `cairn check`: checks the types of a project with its own TypeScript, then whether every pipeline can be planned. Reads no
 * data. For continuous integration.
 */
export default async function check(_: object, command: { optsWithGlobals(): GlobalOptions }): Promise<void> {
  const { json, ...globals } = command.optsWithGlobals()
  const workspace = await openWorkspace(globals)
  const types = await checkTypes(workspace.project.root)
  const faults = await faultsOf(workspace)
  if (types.errors.length > 0 || faults.length > 0) process.exitCode = EXIT.error
  if (json) return printData(JSON.stringify({ types: types.errors, faults }, null, 2))
  printLines(types.errors.length > 0 ? types.errors.join('\n') : `types      right, by TypeScript ${types.version}`)
  for (const { message, next } of faults) {
    printLines(message)
    if (next) printLines(`${paint('dim', 'next')}  ${next}`)
  }
  if (faults.length === 0) printLines('pipelines  each can be planned')
}
