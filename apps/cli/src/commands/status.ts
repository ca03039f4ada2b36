import { CairnError } from '@cairn/kernel'
import { pidOf } from '@cairn/drivers/process-id'
import { findProject, readContext } from '@cairn/workspace'
import { EXIT } from '../fail.ts'
import { checkService } from '../local/health.ts'
import { CONTROL, isServer, LOCAL, processOf, Stack } from '../local/stack.ts'
import { statusText, supervisorText } from '../local/status.ts'
import type { GlobalOptions } from '../global-options.ts'
import { withGivenOptions } from '../given-options.ts'
import { getFrom } from '../remote/control-client.ts'
import { waitingLetters } from '../remote/dead-letters.ts'
import type { Checked } from '../remote/doctor.ts'
import { paint } from '../terminal/style.ts'
import { printData, printLines } from '../terminal/print.ts'

/** `cairn status`: shows the state of the services on this machine. */
export default async function status(_: object, command: { optsWithGlobals(): GlobalOptions }): Promise<void> {
  const { project: folder = process.cwd(), json, on = LOCAL } = command.optsWithGlobals()
  if (on !== LOCAL) throw notHere(on)
  const { root } = findProject(folder)
  const stack = new Stack(root)
  const { running, services, isSupervised } = stack
  const isUp = isSupervised || services.some(({ name }) => processOf(running, name) !== undefined)
  const found = isUp ? await Promise.all(services.map((service) => checkService(service, running))) : []
  const ill = found.find(({ state }) => state !== 'ready')
  const ready = new Set(found.flatMap(({ name, state }) => (state === 'ready' ? [name] : [])))
  const canAnswer = ready.has(CONTROL)
  const canCheck = canAnswer && services.filter(isServer).every(({ name }) => ready.has(name))
  const letters = canAnswer ? await deadLetters(root) : {}
  const checks = canCheck ? await checkup(root) : []
  const failed = checks.filter(({ ok }) => !ok)
  process.exitCode = isUp && isSupervised && !ill && failed.length === 0 ? EXIT.ok : EXIT.error
  const { isLocked } = stack
  if (json) {
    const { supervisor: name, since } = running ?? {}
    const supervisor = name !== undefined && isUp && { running: isSupervised, pid: pidOf(name), since }
    const all = {
      running: isUp,
      changing: isLocked,
      ...(supervisor && { supervisor }),
      services: found,
      deadLetters: letters,
      checks,
    }
    return printData(JSON.stringify(all, null, 2))
  }
  if (!isUp && isLocked) return printLines(`${CHANGING}\nnext  cairn status`)
  if (!isUp) return printLines('not running\nnext  cairn up')
  printLines(statusText(found))
  for (const [pipeline, count] of Object.entries(letters))
    printLines(`\ndead letters of ${pipeline}: ${count}  cairn dead-letters list ${pipeline} --on local`)
  for (const { what, found: wrong, next } of failed) {
    printLines(`\n${paint('red', '✘')} ${what}  ${wrong}`)
    if (next !== undefined) printLines(`${paint('dim', 'next')}  ${withGivenOptions(next, { on: LOCAL })}`)
  }
  if (isLocked) return printLines(`\n${CHANGING}`)
  if (!isSupervised) return printLines(`\n${supervisorText(running!)}\nnext  cairn up`)
  if (ill) printLines(`\nnext  cairn logs ${ill.name}`)
}

function notHere(on: string): CairnError {
  return new CairnError(
    'BAD_PARAMETER',
    `cairn status shows the services on this machine, not those of context ${on}`,
    {
      next: `cairn doctor --on ${on}`,
    },
  )
}

const CHANGING = 'another command is starting or stopping the services'

/** Waiting dead letters by pipeline; none if control does not answer, as the table shows that. */
function deadLetters(root: string): Promise<Readonly<Record<string, number>>> {
  return waitingLetters(readContext(root, LOCAL).control).catch(() => ({}))
}

/** Time limit of a checkup by control, in milliseconds. */
const CHECKUP_MS = 10_000

/** What control finds about Kafka, the store and the waiting runs; empty if control does not respond. */
async function checkup(root: string): Promise<readonly Checked[]> {
  try {
    return (await getFrom(readContext(root, LOCAL).control, '/v1/checkup', {}, { deadline: CHECKUP_MS })).checks
  } catch {
    return []
  }
}
