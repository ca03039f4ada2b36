import { claim, type Plan } from '@cairn/kernel/runtime'
import { planRun } from '@cairn/embedded'
import { openPipeline, openWorkspace, requestOf, timeZone, type GlobalOptions, type RequestOptions } from '../open.ts'
import { planLines, type PlanLine } from '@cairn/embedded'
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
  const workspace = openWorkspace(command.optsWithGlobals())
  const loaded = await openPipeline(workspace, name)
  const planned = await planRun(workspace, loaded, requestOf(options))
  const lines = await planLines(workspace, planned, timeZone())
  const { run } = planned.plan
  if (options.save) await claim<Plan>(workspace.store, workspace.at(loaded.pipeline.name).plan(run), planned.plan)
  workspace.close()
  if (command.optsWithGlobals().json)
    return console.log(
      JSON.stringify({ pipeline: loaded.pipeline.name, ...(options.save && { run }), steps: lines }, null, 2),
    )
  console.log(planTable(lines))
  console.log(`\n${totals(lines)}`)
  if (options.save) console.log(`${paint('dim', 'next')}  cairn run --plan ${run}`)
  else if (lines.some(({ decision }) => decision !== 'reuse'))
    console.log(`${paint('dim', 'next')}  ${repeated(loaded.pipeline.name, options)}`)
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
    items ? `${items.run} of ${items.run + items.reuse} items` : '',
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
