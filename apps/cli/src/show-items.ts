import { mapConcurrently, errorLine, readRecord, type EndRecord, type Outcome } from '@cairn/records'
import { itemsIn, type Item } from '@cairn/engine'
import { jsonText } from '@cairn/kernel'
import {
  artifact,
  countsText,
  itemCounts,
  ItemNames,
  labelPath,
  escaped,
  stateOf,
  type Workspace,
} from '@cairn/workspace'
import type { ArtifactPath } from './artifact-path.ts'
import { withGivenOptions } from './given-options.ts'
import { paint, paintState, STATES } from './terminal/style.ts'
import { table } from './terminal/table.ts'
import { printData, printLines } from './terminal/print.ts'

/** Maximum number to show, failed and caught items first; `--json` has all. */
const SHOWN = 20

/** Prints the items of a step inside an `each`, with their outcomes. */
export async function showItems(
  workspace: Workspace,
  { pipeline, run: { plan }, node }: ArtifactPath & { readonly node: string },
  json: boolean,
): Promise<void> {
  const { store } = workspace
  const at = workspace.at(pipeline)
  const items = await itemsIn(store, at, plan, node)
  const names = new ItemNames(items)
  const ends = new Map<string, EndRecord | undefined>()
  const tasks = [...new Set(items.map(({ task }) => task))]
  await mapConcurrently(tasks, async (task) =>
    ends.set(task, await readRecord<EndRecord>(store, at.end(plan.run, task))),
  )
  const outcomes = items.map((item) => ({ item, outcome: ends.get(item.task)?.items[item.index] }))
  if (json)
    return printData(
      jsonText(
        {
          node: plan.nodes[node],
          items: outcomes.map(({ item, outcome }) => ({ ...itemJson(item, names.of(item)), task: item.task, outcome })),
        },
        2,
      ),
    )
  const counts = (await itemCounts(store, at, plan)).get(node)!
  const path = `${pipeline}/${plan.run}/${node}`
  printLines(`${paint('bold', path)}  ${countsText(counts)}\n`)
  const failedFirst = outcomes.toSorted((a, b) => rank(a.outcome) - rank(b.outcome)).slice(0, SHOWN)
  printLines(
    table(
      ['', 'item', 'label', '', 'outputs'].map((title) => ({ title })),
      failedFirst.map(({ item, outcome }) => row(item, names.of(item), outcome)),
      (title) => paint('dim', title),
    ),
  )
  if (items.length > SHOWN) printLines(paint('dim', `${SHOWN} of ${items.length} items; --json lists all`))
  if (items.length > 0)
    printLines(`\n${paint('dim', 'next')}  ${withGivenOptions(`cairn show ${path}/${names.of(failedFirst[0]!.item)}`)}`)
}

/** The items for programs. */
export function itemJson({ indices, labels }: Item, name: string): object {
  return { item: name, indices, labels: labels.map((label) => label ?? null) }
}

function rank(outcome: Outcome | undefined): number {
  if (outcome && 'error' in outcome) return 0
  return outcome?.status === 'completed' && outcome.caught ? 1 : 2
}

function row(item: Item, name: string, outcome: Outcome | undefined): string[] {
  const state = outcome ? stateOf(outcome) : 'waiting'
  const gives =
    outcome?.status === 'completed'
      ? [
          ...Object.entries(outcome.outputs).map(([name, ref]) => `${name}: ${artifact(ref)}`),
          ...(outcome.caught ? [`caught: ${escaped(errorLine(outcome.caught))}`] : []),
        ]
      : outcome && 'error' in outcome
        ? [escaped(errorLine(outcome.error))]
        : outcome
          ? [`because of ${outcome.because}`]
          : []
  return [
    paintState(state, STATES[state].sign),
    name,
    escaped(labelPath(item) ?? ''),
    paintState(state, state),
    gives.join('  '),
  ]
}
