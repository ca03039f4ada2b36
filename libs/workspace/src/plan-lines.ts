import { errorLine, readRecord, type EndRecord } from '@cairn/records'
import type { Item } from '@cairn/engine'
import type { Json } from '@cairn/kernel'
import type { NodeDryRun, Reason } from '@cairn/planner'
import type { PlannedRun } from './plan-run.ts'
import type { Workspace } from './workspace.ts'
import { explainCode } from './explain-code.ts'
import { artifact, duration, plain, when } from './format.ts'
import { changedTexts } from './changed-text.ts'

/** A line of a plan: what will be done at a node, and why. */
export interface PlanLine {
  readonly node: string
  readonly decision: 'reuse' | 'run' | 'may run' | 'skip' | 'given' | 'fails'
  readonly reasons: readonly string[]
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
export async function planLines(workspace: Workspace, planned: PlannedRun, timeZone: string): Promise<PlanLine[]> {
  const { plan, nodes, stale } = planned
  const lines: PlanLine[] = []
  for (const [id, node] of Object.entries(plan.nodes)) {
    const dryRun = nodes.get(id)!
    if (node.type === 'given') {
      const reasons = stale.get(id) ?? []
      const outdated =
        reasons.length > 0
          ? [`STALE: ${(await reasonTexts(workspace, planned, id, reasons)).join('; ')}`]
          : stale.has(id)
            ? ['STALE']
            : []
      const made = (plan.taints ?? []).filter((taint) => taint.node === id).map(({ output, how }) => `${output} ${how}`)
      const from = made.length > 0 ? made : [`from run ${node.from}`]
      lines.push({ node: id, decision: 'given', reasons: [...from, ...outdated] })
    } else if (node.type === 'step') {
      const inEach = node.scope.length > 0
      const decision = node.unread ? 'fails' : decisionOf(dryRun)
      const expected =
        decision === 'reuse' || decision === 'skip' || decision === 'fails'
          ? undefined
          : workspace.history.expected(plan.pipeline, node.step)
      const reasons =
        decision === 'reuse'
          ? [provenance(dryRun, timeZone)]
          : await reasonTexts(workspace, planned, id, await planned.reasons(id))
      const times = inEach ? dryRun.run : 1
      lines.push({
        node: id,
        decision,
        reasons: reasons.filter(Boolean),
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

/** Formats where a reused result comes from. */
export function provenance({ hit, outputs = {} }: Pick<NodeDryRun, 'hit' | 'outputs'>, timeZone: string): string {
  if (!hit) return ''
  const what = Object.values(outputs).map(artifact).join(', ')
  return `computed ${when(hit.computedAt, timeZone)} in ${duration(hit.ms)}  ${what}`
}

export async function reasonTexts(
  workspace: Workspace,
  planned: PlannedRun,
  node: string,
  reasons: readonly Reason[],
  before: Before = { task: node, index: 0 },
): Promise<string[]> {
  const found: string[] = []
  for (const reason of reasons)
    if (reason.because === 'unfinished') found.push(await endedText(workspace, planned, before))
    else found.push(...(await reasonText(workspace, planned, node, reason)))
  return found
}

/** Where the earlier run has recorded the outcome: for an item, the task and index in its batch. */
type Before = Pick<Item, 'task' | 'index'>

/** Explains why there is nothing to reuse although nothing has changed. */
async function endedText(workspace: Workspace, planned: PlannedRun, { task, index }: Before): Promise<string> {
  const earlier = (await planned.previous())?.plan
  const end =
    earlier && (await readRecord<EndRecord>(workspace.store, workspace.at(earlier.pipeline).end(earlier.run, task)))
  const outcome = end?.items[index]
  if (outcome?.status === 'completed' && outcome.caught) return 'it failed before, and what its catch gave is not kept'
  if (outcome?.status === 'failed') return 'it failed before'
  return outcome?.status === 'timed-out' ? 'it took longer than its timeout before' : 'it was not finished before'
}

async function reasonText(workspace: Workspace, { plan }: PlannedRun, node: string, reason: Reason): Promise<string[]> {
  switch (reason.because) {
    case 'new':
      return ['it has not run before']
    case 'code':
      return explainCode(workspace, plan, node, reason.before, reason.after)
    case 'parameter':
      return [`params.${reason.name} ${changedTexts(reason.before, reason.after).join(' -> ')}`]
    case 'source':
      return [`source ${reason.name} changed: ${short(reason.before)} -> ${short(reason.after)}`]
    case 'input':
      return [`input ${reason.input} ${reason.certain ? 'changed' : 'may change'} (${reason.from})`]
    case 'unread input': {
      const { input, source, error } = reason
      return [`input ${input} comes from ${source}, which fails: ${plain(errorLine(error))}`]
    }
    case 'new item':
      return ['the run before had no such item']
    case 'branch':
      return [`whether it runs is decided by ${reason.when}, which is not known yet`]
    case 'outputs':
      return ['the declaration of its outputs changed']
    case 'never':
      return [reason.text]
    case 'expired':
      return ['its checkpoint is too old']
    case 'of later':
      return ['its checkpoint is of a time that is yet to come: the clock was set back']
    case 'forced':
      return ['it is forced']
    case 'object missing':
      return ['its checkpoint names an object that is gone']
    case 'altered':
      return ['its checkpoint was damaged or altered']
    case 'unread':
      return [plain(errorLine(reason.error))]
    case 'unfinished':
      return []
  }
}

function short(version: Json | undefined): string {
  const text = typeof version === 'string' ? version : 'none'
  return text.length > 16 ? `${text.slice(0, 12)}…` : text
}
