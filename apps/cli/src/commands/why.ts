import { CairnError } from '@cairn/kernel'
import { nodeNamed } from '@cairn/planner'
import { reasonTexts } from '@cairn/workspace'
import { openPipeline, openWorkspace, timeZone, type RequestOptions } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { plannedLines } from '../planned-lines.ts'
import { paint } from '../terminal/style.ts'
import { printData, printLines } from '../terminal/print.ts'

/** `cairn why`: explains why steps, or one item of a step, are reused or computed again. */
export default async function why(
  name: string | undefined,
  place: string | undefined,
  options: RequestOptions,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const workspace = await openWorkspace(command.optsWithGlobals())
  const loaded = await openPipeline(workspace, name)
  const [step] = place?.split('/') ?? []
  const item = place?.includes('/') ? place : undefined
  if (step !== undefined && nodeNamed(loaded.pipeline.graph, step).type !== 'step')
    throw new CairnError('NOT_FOUND', `${step} is not a step, so it is never computed`, {
      next: `cairn why ${loaded.pipeline.name}`,
    })
  const { json, on } = command.optsWithGlobals()
  const { lines: all } = await plannedLines(workspace, loaded, options, on, item)
  const lines = all.filter(({ node }) => item !== undefined || step === undefined || node === step)
  workspace.close()
  if (json) return printData(JSON.stringify(lines, null, 2))
  const widest = Math.max(...lines.map(({ node }) => node.length))
  for (const { node, decision, reasons } of lines) {
    const verdict =
      decision === 'reuse' || decision === 'given'
        ? paint('green', 'HIT ')
        : decision === 'skip'
          ? paint('dim', 'SKIP')
          : paint('yellow', decision === 'fails' ? 'FAIL' : 'MISS')
    const [first = '', ...others] = reasonTexts(reasons, timeZone())
    printLines(`${node.padEnd(widest)}  ${verdict}  ${first}`)
    for (const other of others) printLines(`${' '.repeat(widest)}        ${other}`)
  }
}
