import { claim, type Plan } from '@cairn/kernel/runtime'
import { openPipeline, openWorkspace, type GlobalOptions, type RequestOptions } from '../open.ts'
import type { PlanLine } from '@cairn/embedded'
import { plannedLines } from '../planned-lines.ts'
import { duration } from '@cairn/embedded'
import { paint, paintState, type State } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'

type Options = RequestOptions & { readonly save?: boolean }

/** `cairn plan`: what a run would reuse and compute, why, and how long it takes. Computes nothing. */
export default async function plan(
  name: string | undefined,
  options: Options,
  command: { optsWithGlobals(): GlobalOptions },
) {
  const workspace = await openWorkspace(command.optsWithGlobals())
  const { json, on } = command.optsWithGlobals()
  const loaded = await openPipeline(workspace, name)
  const pipeline = loaded.pipeline.name
  const { lines, plan: made } = await plannedLines(workspace, loaded, options, on)
  const saved = options.save && made
  if (saved) await claim<Plan>(workspace.store, workspace.at(pipeline).plan(saved.run), saved)
  workspace.close()
  if (json) return console.log(JSON.stringify({ pipeline, ...(saved && { run: saved.run }), steps: lines }, null, 2))
  console.log(planTable(lines))
  console.log(`\n${totals(lines)}`)
  if (saved) console.log(`${paint('dim', 'next')}  cairn run --plan ${saved.run}`)
  else if (lines.some(({ decision }) => decision !== 'reuse'))
    console.log(`${paint('dim', 'next')}  ${repeated(pipeline, options)}${on === undefined ? '' : ` --on ${on}`}`)
}

const DECISIONS: Readonly<Record<PlanLine['decision'], State>> = {
  reuse: 'reused',
  run: 'running',
  'may run': 'running',
  skip: 'skipped',
  given: 'given',
}

function planTable(lines: readonly PlanLine[]): string {
  const rows = lines.map(({ node, decision, reasons, expected, items }) => [
    node,
    paintState(DECISIONS[decision], decision),
    items && items.run + items.reuse > 0 ? `${items.run} of ${items.run + items.reuse} items` : '',
    expected ? `~${duration(expected.ms)} ${paint('dim', `(median of ${expected.runs})`)}` : '',
    reasons.join('; '),
  ])
  const used = (at: number) => rows.some((row) => row[at] !== '')
  const titles = ['step', 'plan', 'items', 'time', 'why'].map((title) => ({ title }))
  const shown = titles.map((_, at) => at < 2 || used(at))
  const keep = <Item>(items: readonly Item[]) => items.filter((_, at) => shown[at])
  return table(keep(titles), rows.map(keep), (title) => paint('dim', title))
}

function totals(lines: readonly PlanLine[]): string {
  const count = (decision: PlanLine['decision']) => lines.filter((line) => line.decision === decision).length
  const known = lines.flatMap(({ expected }) => (expected ? [expected.ms] : []))
  const parts = (['reuse', 'given', 'run', 'may run', 'skip'] as const)
    .filter(count)
    .map((decision) => `${count(decision)} ${decision}`)
  const time = known.length > 0 ? `, about ${duration(known.reduce((sum, ms) => sum + ms, 0))} of computing` : ''
  return parts.join(', ') + time
}

function repeated(
  pipeline: string,
  { set = [], from = [], until = [], base, force = [], params }: RequestOptions,
): string {
  const many = (flag: string, values: readonly string[]) => values.map((value) => ` --${flag} ${value}`).join('')
  return `cairn run ${pipeline}${many('set', set)}${params ? ` --params ${params}` : ''}${many('from', from)}${many('until', until)}${base ? ` --base ${base}` : ''}${many('force', force)}`
}
