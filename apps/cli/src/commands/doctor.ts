import { pipelineNames } from '@cairn/records'
import { rmSync } from 'node:fs'
import { examine, type Checkup } from '@cairn/maintenance'
import { leftovers } from '@cairn/drivers/store/folder-leftovers'
import { checkupLines, findingsOf, nextLine, unrepairedOf, progressOf, shareOf } from '../checkups.ts'
import { EXIT } from '../fail.ts'
import { openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { printData, printLines } from '../terminal/print.ts'

interface Options {
  readonly repair?: boolean
  /** A percentage, or all. */
  readonly bytes?: string | true
}

/**
 * `cairn doctor`: reads every record and byte of the store, and reports problems. With `--on` it checks the services of
 * a context and what they depend on, and has control check their store, reading only a share of the bytes.
 */
export default async function doctor(
  { repair = false, bytes }: Options,
  command: { optsWithGlobals(): GlobalOptions },
) {
  const { json, ...globals } = command.optsWithGlobals()
  const share = bytes === undefined ? undefined : shareOf(bytes)
  if (globals.on !== undefined)
    return (await import('../remote/doctor.ts')).examineServices(globals.on, globals, {
      repair,
      json,
      ...(share !== undefined && { share }),
    })
  const workspace = await openWorkspace(globals)
  const checkups: Record<string, Checkup> = {}
  for (const pipeline of await pipelineNames(workspace.store, workspace.project.env))
    checkups[pipeline] = await examine(workspace.store, workspace.at(pipeline), {
      repair,
      onProgress: progressOf(pipeline),
      ...(share !== undefined && { share }),
    })
  const left = leftovers(workspace.project.store)
  if (repair) for (const path of left) rmSync(path, { recursive: true, force: true })
  const findings = findingsOf(checkups)
  process.exitCode = unrepairedOf(checkups, repair).length > 0 ? EXIT.error : EXIT.ok
  if (json)
    return printData(
      JSON.stringify(
        { sound: findings.length === 0, repaired: repair, pipelines: checkups, leftovers: left.length },
        null,
        2,
      ),
    )

  for (const line of checkupLines(checkups, repair)) printLines(line)
  if (Object.keys(checkups).length === 0) printLines('the store is empty')
  if (left.length > 0)
    printLines(`${left.length} leftover files of processes that died${repair ? ', removed' : ', harmless'}`)
  const next = nextLine(checkups, repair)
  if (next !== undefined) printLines(next)
}
