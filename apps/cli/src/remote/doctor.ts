import { duration, readContext } from '@cairn/embedded'
import { askControl } from '@cairn/drivers/store/control'
import { CairnError } from '@cairn/kernel/runtime'
import { EXIT } from '../fail.ts'
import { openWorkspace, type GlobalOptions } from '../open.ts'
import { withGiven } from '../given-options.ts'
import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import { printData, printLines } from '../terminal/print.ts'

interface Checked {
  readonly what: string
  readonly ok: boolean
  readonly found: string
  readonly next?: string
}

/** Clocks that differ by more make records and waits misleading, and an S3 server refuses requests. Milliseconds. */
const SKEW_MS = 2_000

/** What the services stand on, as control sees it; and whether its clock is this machine's. */
export async function examineServices(
  on: string,
  globals: GlobalOptions,
  repair: boolean,
  json: boolean | undefined,
): Promise<void> {
  if (repair) throw new CairnError('BAD_PARAMETER', `--repair works where the store is, not --on ${on}`)
  const { project } = await openWorkspace(globals)
  const { control } = readContext(project.root, on)
  const asked = Date.now()
  const answer = await askControl(control, '/v1/checkup')
  const { now, checks } = (await answer.json()) as { now: number; checks: Checked[] }
  const all: Checked[] = [
    { what: 'control', ok: true, found: control.url },
    ...checks,
    clock(now - (asked + Date.now()) / 2),
  ]
  process.exitCode = all.every(({ ok }) => ok) ? EXIT.ok : EXIT.error
  if (json) return printData(JSON.stringify({ sound: process.exitCode === EXIT.ok, checks: all }, null, 2))
  const rows = all.map(({ what, ok, found }) => [ok ? paint('green', '✔') : paint('red', '✘'), what, found])
  printLines(
    table(
      ['', '', ''].map((title) => ({ title })),
      rows,
    ),
  )
  for (const { next } of all) if (next !== undefined) printLines(`${paint('dim', 'next')}  ${withGiven(next)}`)
}

/** @param skew milliseconds, as far as the answer's way allows */
function clock(skew: number): Checked {
  const ok = Math.abs(skew) < SKEW_MS
  const found = `${duration(Math.abs(skew))} ${skew < 0 ? 'behind' : 'ahead of'} this machine`
  return { what: 'clock of control', ok, found, ...(!ok && { next: 'let both machines keep time by NTP' }) }
}
