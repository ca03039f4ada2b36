import { readRecord, type CodeName, type EndRecord, type Plan } from '@cairn/records'
import type { Item } from '@cairn/engine'
import type { NodeDryRun, Reason } from '@cairn/planner'
import type { PlannedRun } from './plan-run.ts'
import { changesOfCode } from './explain-code.ts'
import type { OneReason, PlanReason } from './plan-reason.ts'
import type { Workspace } from './workspace.ts'

/** A line of a plan: what will be done at a node, and why. */
export interface PlanLine {
  readonly node: string
  readonly decision: 'reuse' | 'run' | 'may run' | 'skip' | 'given' | 'fails'
  /** Why, as data; `reasonTexts` formats them. */
  readonly reasons: readonly PlanReason[]
  /** Expected time of what runs: the median of earlier runs in milliseconds, and their number. */
  readonly expected?: { readonly ms: number; readonly runs: number }
  /** Inside an `each`: items with and without a checkpoint. */
  readonly items?: { readonly reuse: number; readonly run: number }
  /** Set when the line is about one item. */
  readonly item?: {
    readonly item: string
    readonly indices: readonly number[]
    readonly labels: readonly (string | null)[]
  }
}

/** Creates the plan lines of all steps, including sources and nodes that take their outputs from elsewhere. */
export async function planLines(workspace: Workspace, planned: PlannedRun): Promise<PlanLine[]> {
  const { plan, nodes, stale } = planned
  const lines: PlanLine[] = []
  for (const [id, node] of Object.entries(plan.nodes)) {
    const dryRun = nodes.get(id)!
    if (node.type === 'given') {
      const taints = (plan.taints ?? []).filter((taint) => taint.node === id)
      const made = taints.map(({ output, how }): PlanReason => ({ because: 'taint', output, how }))
      const from: PlanReason[] = made.length > 0 ? made : [{ because: 'given', from: node.from }]
      const changes = stale.get(id)
      const outdated: PlanReason[] = changes
        ? [{ because: 'stale', reasons: await withDetails(workspace, planned, id, changes) }]
        : []
      lines.push({ node: id, decision: 'given', reasons: [...from, ...outdated] })
    } else if (node.type === 'step') {
      const inEach = node.scope.length > 0
      const decision = node.unread ? 'fails' : decisionOf(dryRun)
      const expected =
        decision === 'reuse' || decision === 'skip' || decision === 'fails'
          ? undefined
          : workspace.history.expected(plan.pipeline, node.step)
      const reasons =
        decision === 'reuse' ? reused(dryRun) : await withDetails(workspace, planned, id, await planned.reasons(id))
      const times = inEach ? dryRun.run : 1
      lines.push({
        node: id,
        decision,
        reasons,
        ...(expected && { expected: { ms: expected.ms * times, runs: expected.runs } }),
        ...(inEach && { items: { reuse: dryRun.reuse, run: dryRun.run } }),
      })
    }
  }
  return lines
}

function decisionOf({ run, depends, skip, reuse }: NodeDryRun): PlanLine['decision'] {
  if (run > 0) return 'run'
  if (depends) return 'may run'
  return skip > 0 && reuse === 0 ? 'skip' : 'reuse'
}

/** Where a reused result comes from; nothing when it is not known. */
export function reused({ hit, outputs = {} }: Pick<NodeDryRun, 'hit' | 'outputs'>): PlanReason[] {
  return hit ? [{ because: 'reused', computedAt: hit.computedAt, ms: hit.ms, outputs: Object.values(outputs) }] : []
}

/** Adds to the planner's reasons what only the store knows: what changed in code, and how the earlier run ended. */
export async function withDetails(
  workspace: Workspace,
  planned: PlannedRun,
  node: string,
  reasons: readonly Reason[],
  before: Before = { task: node, index: 0 },
): Promise<OneReason[]> {
  const found: OneReason[] = []
  for (const reason of reasons)
    if (reason.because === 'unfinished') found.push({ because: await endOf(workspace, planned, before) })
    else if (reason.because === 'code') found.push(await codeChanges(workspace, planned.plan, node, reason))
    else found.push(reason)
  return found
}

/** Where the earlier run recorded the outcome: for an item, the task and index in its batch. */
type Before = Pick<Item, 'task' | 'index'>

/** How the earlier run ended, where there is nothing to reuse although nothing has changed. */
async function endOf(
  workspace: Workspace,
  planned: PlannedRun,
  { task, index }: Before,
): Promise<'failed' | 'caught' | 'timed out' | 'unfinished'> {
  const earlier = (await planned.previous())?.plan
  const end =
    earlier && (await readRecord<EndRecord>(workspace.store, workspace.at(earlier.pipeline).end(earlier.run, task)))
  const outcome = end?.items[index]
  if (outcome?.status === 'completed' && outcome.caught) return 'caught'
  if (outcome?.status === 'failed') return 'failed'
  return outcome?.status === 'timed-out' ? 'timed out' : 'unfinished'
}

async function codeChanges(
  workspace: Workspace,
  plan: Plan,
  node: string,
  { before, after }: { readonly before: CodeName; readonly after: CodeName },
): Promise<OneReason> {
  return { because: 'code', changes: await changesOfCode(workspace, plan, node, before, after) }
}
