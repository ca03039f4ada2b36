import { claim, type Plan } from '@cairn/records'
import { withGivenOptions } from '../given-options.ts'
import { openPipeline, openWorkspace, type RequestOptions } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { plannedLines } from '../planned-lines.ts'
import { planTable, totals } from '../plan-table.ts'
import { paint } from '../terminal/style.ts'
import { printData, printLines } from '../terminal/print.ts'

type Options = RequestOptions & { readonly save?: boolean }

/** `cairn plan`: shows what a run would reuse or compute, why, and the expected time. Computes nothing. */
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
  if (json) return printData(JSON.stringify({ pipeline, ...(saved && { run: saved.run }), steps: lines }, null, 2))
  printLines(planTable(lines))
  printLines(`\n${totals(lines)}`)
  if (saved) printLines(`${paint('dim', 'next')}  ${withGivenOptions(`cairn run --plan ${saved.run}`)}`)
  else if (lines.some(({ decision }) => decision !== 'reuse'))
    printLines(
      `${paint('dim', 'next')}  ${withGivenOptions(`${repeated(pipeline, options)}${on === undefined ? '' : ` --on ${on}`}`)}`,
    )
}

function repeated(
  pipeline: string,
  { set = [], from = [], until = [], base, force = [], params }: RequestOptions,
): string {
  const many = (flag: string, values: readonly string[]) => values.map((value) => ` --${flag} ${value}`).join('')
  return `cairn run ${pipeline}${many('set', set)}${params ? ` --params ${params}` : ''}${many('from', from)}${many('until', until)}${base ? ` --base ${base}` : ''}${many('force', force)}`
}
