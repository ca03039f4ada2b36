import { laneOf, readLogs, type EndRecord, type Plan } from '@cairn/kernel/runtime'
import { itemCounts, readEnds, type Workspace } from '@cairn/embedded'

/** Lines that are shown of what failed. */
const SHOWN = 10

export type LastLines = ReadonlyMap<string, readonly string[]>

/** What the nodes of a run that failed printed last: of an `each`, its items that failed. */
async function lastLines(workspace: Workspace, plan: Plan, ends: ReadonlyMap<string, EndRecord>): Promise<LastLines> {
  const failed = [...ends].flatMap(([id, { status }]) => (hasFailed(status) ? [id] : []))
  if (failed.length === 0) return new Map()
  const { store } = workspace
  const layout = workspace.at(plan.pipeline)
  const all = await readEnds(store, layout, plan.run)
  const shown = new Map<string, string[]>()
  for await (const printed of readLogs(store, layout, plan, (task) => hasFailed(all.get(task)?.status))) {
    const { task, line } = printed
    const lane = all.get(task)!.lanes[laneOf(plan, printed) ?? 0]
    if (!hasFailed(lane?.status)) continue
    const node = task.split('/')[0]!
    const outermost = plan.nodes[node]?.scope[0] ?? node
    shown.set(outermost, [...(shown.get(outermost) ?? []), line].slice(-SHOWN))
  }
  return new Map([...shown].filter(([id]) => failed.includes(id)))
}

function hasFailed(status: string | undefined): boolean {
  return status === 'failed' || status === 'timed-out'
}

/** What is shown of a run beside its outermost nodes. */
export async function detailsOf(workspace: Workspace, plan: Plan, ends: ReadonlyMap<string, EndRecord>) {
  return {
    printed: await lastLines(workspace, plan, ends),
    items: await itemCounts(workspace.store, workspace.at(plan.pipeline), plan),
  }
}
