import { duration, readContext } from '@cairn/workspace'
import type { ControlOptions } from '@cairn/drivers/store/control'
import { checkupLines, findingsOf, nextLine, unrepairedOf } from '../checkups.ts'
import { EXIT } from '../fail.ts'
import { openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { withGivenOptions } from '../given-options.ts'
import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import { printData, printLines } from '../terminal/print.ts'
import { getFrom, type Answer } from './control-client.ts'
import { examineStore } from './examine-store.ts'

export type Checked = Answer<'/v1/checkup'>['checks'][number]

/** Larger clock differences make records and waits misleading, and S3 servers refuse requests. Milliseconds. */
const SKEW_MS = 2_000

interface Options {
  readonly repair: boolean
  readonly json: boolean | undefined
  /** The share of objects whose bytes are read; default: 0.05. */
  readonly share?: number
}

const SHARE = 0.05

/** Checks what the services depend on, as control sees it, its clock against this machine's, and their store. */
export async function examineServices(
  on: string,
  globals: GlobalOptions,
  { repair, json, share = SHARE }: Options,
): Promise<void> {
  const { project } = await openWorkspace(globals)
  const { control } = readContext(project.root, on)
  const checks = await checksOf(control)
  if (!json) printChecks(checks)
  const checkups = await examineStore(control, { bytes: share, repair })
  const findings = findingsOf(checkups)
  const allOk = checks.every(({ ok }) => ok)
  process.exitCode = allOk && unrepairedOf(checkups, repair).length === 0 ? EXIT.ok : EXIT.error
  if (json) {
    const sound = allOk && findings.length === 0
    return printData(JSON.stringify({ sound, repaired: repair, checks, pipelines: checkups }, null, 2))
  }
  for (const line of checkupLines(checkups, repair)) printLines(line)
  const next = nextLine(checkups, repair)
  if (next !== undefined) printLines(next)
}

async function checksOf(control: ControlOptions): Promise<Checked[]> {
  const sentAt = Date.now()
  const { now, checks } = await getFrom(control, '/v1/checkup', {})
  return [{ what: 'control', ok: true, found: control.url }, ...checks, clock(now - (sentAt + Date.now()) / 2)]
}

function printChecks(checks: readonly Checked[]): void {
  const rows = checks.map(({ what, ok, found }) => [ok ? paint('green', '✔') : paint('red', '✘'), what, found])
  printLines(
    table(
      ['', '', ''].map((title) => ({ title })),
      rows,
    ),
  )
  for (const { next } of checks)
    if (next !== undefined) printLines(`${paint('dim', 'next')}  ${withGivenOptions(next)}`)
}

/** @param skew milliseconds, as exactly as the response time allows */
function clock(skew: number): Checked {
  const ok = Math.abs(skew) < SKEW_MS
  const found = `${duration(Math.abs(skew))} ${skew < 0 ? 'behind' : 'ahead of'} this machine`
  return {
    what: 'clock of control',
    ok,
    found,
    ...(!ok && { next: 'synchronize the clocks of both machines with NTP' }),
  }
}
