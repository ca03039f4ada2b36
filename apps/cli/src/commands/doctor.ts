import { rmSync } from 'node:fs'
import { examine, type Checkup } from '@cairn/kernel/runtime'
import { leftovers } from '@cairn/drivers/store/folder-leftovers'
import { EXIT } from '../fail.ts'
import { withGiven } from '../given-options.ts'
import { openWorkspace, type GlobalOptions } from '../open.ts'
import { bytes, number } from '@cairn/embedded'
import { paint } from '../terminal/style.ts'
import { printData, printLines } from '../terminal/print.ts'

/**
 * `cairn doctor`: reads every record and every byte of the store, and tells what is wrong. `--on` a context: whether its
 * services and what they stand on are well.
 */
export default async function doctor(
  { repair = false }: { repair?: boolean },
  command: { optsWithGlobals(): GlobalOptions },
) {
  const { json, ...globals } = command.optsWithGlobals()
  if (globals.on !== undefined)
    return (await import('../remote/doctor.ts')).examineServices(globals.on, globals, repair, json)
  const workspace = await openWorkspace(globals)
  const checkups: Record<string, Checkup> = {}
  for (const pipeline of await workspace.store.children(`${workspace.project.env}/`))
    checkups[pipeline] = await examine(workspace.store, workspace.at(pipeline), { repair })
  const left = leftovers(workspace.project.store)
  if (repair) for (const path of left) rmSync(path, { recursive: true, force: true })
  const findings = Object.values(checkups).flatMap(({ findings }) => findings)
  const lasting = findings.filter(({ repair: how }) => !repair || how.startsWith('none'))
  process.exitCode = lasting.length > 0 ? EXIT.error : EXIT.ok
  if (json)
    return printData(
      JSON.stringify(
        { sound: findings.length === 0, repaired: repair, pipelines: checkups, leftovers: left.length },
        null,
        2,
      ),
    )

  for (const { path, what, repair: how } of findings)
    printLines(`${paint('red', '✘')} ${path}\n    ${what}\n    ${paint('dim', repair ? how : `repair: ${how}`)}`)
  for (const [pipeline, { checked, findings }] of Object.entries(checkups)) {
    const { runs, checkpoints, objects, bytes: size } = checked
    const verdict = findings.length === 0 ? paint('green', 'sound') : paint('red', `${findings.length} broken`)
    printLines(
      `${verdict}  ${pipeline}  ${number(runs)} runs, ${number(checkpoints)} checkpoints, ${number(objects)} objects of ${bytes(size)}`,
    )
  }
  if (Object.keys(checkups).length === 0) printLines('the store is empty')
  if (left.length > 0)
    printLines(`${left.length} leftovers of processes that died${repair ? ', removed' : ', harmless'}`)
  if (findings.length > 0)
    printLines(
      `${paint('dim', 'next')}  ${repair ? 'run again: what was taken out of use is computed anew' : withGiven('cairn doctor --repair')}`,
    )
}
