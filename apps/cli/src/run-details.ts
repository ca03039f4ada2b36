import { itemsIn } from '@cairn/engine'
import { itemIndex, readLogs, readRecord, type EndRecord, type ErrorRecord, type Plan } from '@cairn/records'
import { itemCounts, ItemNames, readEnds, type ItemCounts, type Workspace } from '@cairn/workspace'

/** Number of last lines to show for a failed step. */
const SHOWN = 10

export type LastLines = ReadonlyMap<string, readonly string[]>

/** The last output of the failed nodes of a run; for an `each`, of its failed items. */
async function lastLines(workspace: Workspace, plan: Plan, ends: ReadonlyMap<string, EndRecord>): Promise<LastLines> {
  const failed = [...ends].flatMap(([id, { status }]) => (hasFailed(status) ? [id] : []))
  if (failed.length === 0) return new Map()
  const { store } = workspace
  const layout = workspace.at(plan.pipeline)
  const all = await readEnds(store, layout, plan.run)
  const shown = new Map<string, string[]>()
  for await (const printed of readLogs(store, layout, plan, (task) => hasFailed(all.get(task)?.status))) {
    const { task, line } = printed
    const outcome = all.get(task)!.items[itemIndex(plan, printed) ?? 0]
    if (!hasFailed(outcome?.status)) continue
    const node = task.split('/')[0]!
    const outermost = plan.nodes[node]?.scope[0] ?? node
    shown.set(outermost, [...(shown.get(outermost) ?? []), line].slice(-SHOWN))
  }
  return new Map([...shown].filter(([id]) => failed.includes(id)))
}

function hasFailed(status: string | undefined): boolean {
  return status === 'failed' || status === 'timed-out'
}

/** The first item of each step that used its `catch`, and why. */
export interface CaughtItem {
  readonly item: string
  readonly error: ErrorRecord
}

async function caughtItems(
  workspace: Workspace,
  plan: Plan,
  counts: ReadonlyMap<string, ItemCounts>,
): Promise<Map<string, CaughtItem>> {
  const { store } = workspace
  const layout = workspace.at(plan.pipeline)
  const found = new Map<string, CaughtItem>()
  for (const [node, { caught }] of counts) {
    if (caught === 0) continue
    let task: { readonly name: string; readonly end: EndRecord | undefined } | undefined
    const items = await itemsIn(store, layout, plan, node)
    const names = new ItemNames(items)
    for (const item of items) {
      if (task?.name !== item.task)
        task = { name: item.task, end: await readRecord<EndRecord>(store, layout.end(plan.run, item.task)) }
      const outcome = task.end?.items[item.index]
      if (outcome?.status !== 'completed' || !outcome.caught) continue
      found.set(node, { item: names.of(item), error: outcome.caught })
      break
    }
  }
  return found
}

/** Details of a run besides its outermost nodes. */
export async function detailsOf(workspace: Workspace, plan: Plan, ends: ReadonlyMap<string, EndRecord>) {
  const items = await itemCounts(workspace.store, workspace.at(plan.pipeline), plan)
  return {
    printed: await lastLines(workspace, plan, ends),
    items,
    caughtItems: await caughtItems(workspace, plan, items),
  }
}
