import { canonical, contentOf, type Json, type ArtifactRef } from '@cairn/kernel'
import type { Ref } from '@cairn/kernel/contract'
import {
  neededBy,
  type CodeName,
  type Plan,
  type PlannedNode,
  type PlannedStepNode,
  type ErrorRecord,
} from '@cairn/records'
import type { NodeDryRun } from './dry-run.ts'

/** Why a node is computed and not reused. */
export type Reason =
  | { readonly because: 'new' }
  | { readonly because: 'code'; readonly before: CodeName; readonly after: CodeName }
  | { readonly because: 'parameter' | 'source'; readonly name: string; readonly before?: Json; readonly after?: Json }
  /** What another node gives has changed, or is about to be computed and may change. */
  | { readonly because: 'input'; readonly input: string; readonly from: string; readonly certain: boolean }
  /** The run that is compared with had no such item. */
  | { readonly because: 'new item' }
  /** Whether it runs at all is decided by a branch that is not known yet. */
  | { readonly because: 'branch'; readonly when: string }
  | { readonly because: 'outputs' }
  | { readonly because: 'expired' | 'of later' | 'forced' | 'object missing' | 'altered' | 'unfinished' }
  | { readonly because: 'never'; readonly text: string }
  /** It comes from a source that cannot be read, directly or by way of others. */
  | { readonly because: 'unread input'; readonly input: string; readonly source: string; readonly error: ErrorRecord }
  /** It cannot be read, so it fails. */
  | { readonly because: 'unread'; readonly error: ErrorRecord }

/** An earlier run to compare with. */
export interface Previous {
  readonly plan: Plan
  /** What one of its nodes gave; undefined when it did not complete. */
  outputs(node: string): Promise<Readonly<Record<string, ArtifactRef>> | undefined>
}

/** Says why a step is not reused: by itself, and by comparison with an earlier run of the pipeline. */
export async function reasonsOf(
  plan: Plan,
  dryRuns: ReadonlyMap<string, NodeDryRun>,
  id: string,
  previous: Previous | undefined,
): Promise<Reason[]> {
  const node = plan.nodes[id]!
  const { miss, depends, run } = dryRuns.get(id)!
  if (node.type !== 'step' || (run === 0 && !depends)) return []
  const itself = reasonInItself(plan, node, miss)
  if (itself) return [itself]
  const found = await changesSince(plan, dryRuns, id, previous)
  return found.length > 0 || depends ? found : [{ because: 'unfinished' }]
}

/** Why a step's body is called, whatever earlier runs did. */
export function reasonInItself(plan: Plan, node: PlannedStepNode, miss: NodeDryRun['miss']): Reason | undefined {
  const { cache } = plan.steps[node.step]!
  if (node.unread) return { because: 'unread', error: node.unread }
  if (miss === 'never') return { because: 'never', text: cache && 'never' in cache ? cache.never : 'it is not pinned' }
  return miss === 'none' || miss === 'unread' || miss === undefined ? undefined : { because: miss }
}

/** What has changed at a step, whether or not some checkpoint has its result. */
export async function changesSince(
  plan: Plan,
  dryRuns: ReadonlyMap<string, NodeDryRun>,
  id: string,
  previous: Previous | undefined,
): Promise<Reason[]> {
  const node = plan.nodes[id]
  const before = previous?.plan.nodes[id]
  if (node?.type !== 'step') return []
  if (node.unread) return [{ because: 'unread', error: node.unread }]
  if (!previous || before?.type !== 'step') return [{ because: 'new' }, ...unreadInputs(plan, node, dryRuns)]
  return [...ownChanges(plan, node, previous.plan, before), ...(await inputChanges(plan, node, dryRuns, previous))]
}

/** What of a step itself has changed: its code, parameters, sources and outputs. */
export function ownChanges(plan: Plan, node: PlannedStepNode, then: Plan, before: PlannedStepNode): Reason[] {
  const reasons: Reason[] = []
  const [now, old] = [plan.steps[node.step]!, then.steps[before.step]!]
  if (!('inline' in now.code) && !('inline' in old.code) && now.code.fingerprint !== old.code.fingerprint)
    reasons.push({ because: 'code', before: old.code, after: now.code })
  for (const change of changed(before.params, node.params)) reasons.push({ because: 'parameter', ...change })
  for (const change of changed(before.versions ?? {}, node.versions ?? {}))
    reasons.push({ because: 'source', ...change })
  if (canonical(now.outputs) !== canonical(old.outputs)) reasons.push({ because: 'outputs' })
  return reasons
}

async function inputChanges(
  plan: Plan,
  node: PlannedStepNode,
  dryRuns: ReadonlyMap<string, NodeDryRun>,
  previous: Previous,
): Promise<Reason[]> {
  const reasons: Reason[] = []
  for (const [input, ref] of Object.entries(node.inputs)) {
    const producer = producerOf(plan.nodes, ref)
    const dryRun = producer && dryRuns.get(producer.node)
    if (!dryRun || !('output' in producer)) continue
    const from = producer.node
    const unread = unreadBehind(plan, dryRuns, from)
    if (unread) reasons.push({ because: 'unread input', input, ...unread })
    else if (dryRun.depends || dryRun.run > 0) reasons.push({ because: 'input', input, from, certain: false })
    else if (dryRun.outputs) {
      const [now, then] = [dryRun.outputs[producer.output], (await previous.outputs(from))?.[producer.output]]
      if (now && then && contentOf(now) !== contentOf(then))
        reasons.push({ because: 'input', input, from, certain: true })
    }
  }
  return reasons
}

function unreadInputs(plan: Plan, node: PlannedStepNode, dryRuns: ReadonlyMap<string, NodeDryRun>): Reason[] {
  return Object.entries(node.inputs).flatMap(([input, ref]): Reason[] => {
    const maker = producerOf(plan.nodes, ref)
    const unread = maker && unreadBehind(plan, dryRuns, maker.node)
    return unread ? [{ because: 'unread input', input, ...unread }] : []
  })
}

/** The source that cannot be read among a node and those that it reads and that are not reused. */
function unreadBehind(
  { nodes }: Plan,
  dryRuns: ReadonlyMap<string, NodeDryRun>,
  id: string,
): { readonly source: string; readonly error: ErrorRecord } | undefined {
  const seen = new Set([id])
  for (const source of seen) {
    const node = nodes[source]
    if (node?.type === 'step' && node.unread) return { source, error: node.unread }
    const isOpen = ({ depends, run }: NodeDryRun) => depends || run > 0
    for (const read of neededBy(nodes, source)) if (isOpen(dryRuns.get(read)!)) seen.add(read)
  }
  return undefined
}

/** What an input reads; for an item of an `each`, the list that it is of. */
export function producerOf(
  nodes: Readonly<Record<string, PlannedNode>>,
  ref: Ref,
): Extract<Ref, { node: string }> | undefined {
  if ('node' in ref) return ref
  const each = nodes[ref.item]
  return each?.type === 'each' ? producerOf(nodes, each.over) : undefined
}

function changed(before: Readonly<Record<string, Json>>, after: Readonly<Record<string, Json>>) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  const text = (value: Json | undefined) => (value === undefined ? '' : canonical(value))
  return names
    .filter((name) => text(before[name]) !== text(after[name]))
    .map((name) => ({
      name,
      ...(before[name] !== undefined && { before: before[name] }),
      ...(after[name] !== undefined && { after: after[name] }),
    }))
}
