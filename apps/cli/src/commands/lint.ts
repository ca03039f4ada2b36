import { faultsOf } from '@cairn/workspace'
import { EXIT } from '../fail.ts'
import { openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { paint } from '../terminal/style.ts'
import { printData, printLines } from '../terminal/print.ts'

/** `cairn lint`: checks that every pipeline of the project can be planned, without reading data. */
export default async function lint(_: object, command: { optsWithGlobals(): GlobalOptions }): Promise<void> {
  const { json, ...globals } = command.optsWithGlobals()
  const faults = await faultsOf(await openWorkspace(globals))
  if (faults.length > 0) process.exitCode = EXIT.error
  if (json) return printData(JSON.stringify({ faults }, null, 2))
  for (const { message, next } of faults) {
    printLines(message)
    if (next) printLines(`${paint('dim', 'next')}  ${next}`)
  }
  if (faults.length === 0) printLines('every pipeline can be planned')
}
