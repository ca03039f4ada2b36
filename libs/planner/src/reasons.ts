import { canonical, contentOf, type Json, type ArtifactRef } from '@cairn/kernel'
import type { Ref } from '@cairn/kernel/contract'
import {
  dependenciesOf,
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
  /** The output of another node has changed (`certain`), or is computed first and may change. */
  | { readonly because: 'input'; readonly input: string; readonly from: string; readonly certain: boolean }
  /** The earlier run had no such item. */
  | { readonly because: 'new item' }
  /** An unknown condition decides whether the step runs at all. */
  | { readonly because: 'branch'; readonly when: string }
  | { readonly because: 'outputs' }
  | { readonly because: 'expired' | 'of later' | 'forced' | 'object missing' | 'altered' | 'unfinished' }
  | { readonly because: 'never'; readonly text: string }
  /** The input depends, directly or through other nodes, on a source that cannot be read. */
  | { readonly because: 'unread input'; readonly input: string; readonly source: string; readonly error: ErrorRecord }
  /** The source cannot be read, so the step fails. */
  | { readonly because: 'unread'; readonly error: ErrorRecord }

/** An earlier run to compare with. */
export interface Previous {
  readonly plan: Plan
  /** Returns a node's outputs; undefined when the node did not complete. */
  outputs(node: string): Promise<Readonly<Record<string, ArtifactRef>> | undefined>
}

/** Explains why a step is not reused: by its own settings, and by comparison with an earlier run of the pipeline. */
export async function reasonsOf(
  plan: Plan,
  dryRuns: ReadonlyMap<string, NodeDryRun>,
  id: string,
  previous: Previous | undefined,
): Promise<Reason[]> {
  const node = plan.nodes[id]!
  const { miss, depends, run } = dryRuns.get(id)!
  if (node.type !== 'step' || (run === 0 && !depends)) return []
  const itself = ownReason(plan, node, miss)
  if (itself) return [itself]
  const found = await changesSince(plan, dryRuns, id, previous)
  return found.length > 0 || depends ? found : [{ because: 'unfinished' }]
}

/** Returns the reason to compute a step that does not depend on earlier runs; undefined when there is none. */
export function ownReason(plan: Plan, node: PlannedStepNode, miss: NodeDryRun['miss']): Reason | undefined {
  const { cache } = plan.steps[node.step]!
  if (node.unread) return { because: 'unread', error: node.unread }
  if (miss === 'never')
    return { because: 'never', text: cache && 'never' in cache ? cache.never : 'its code cannot be pinned' }
  return miss === 'none' || miss === 'unread' || miss === undefined ? undefined : { because: miss }
}

/** Lists what has changed at a step since an earlier run, whether or not a checkpoint has the result. */
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

/** Lists the changes of a step itself: its code, parameters, sources and output declarations. */
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

interface Unread {
  readonly source: string
  readonly error: ErrorRecord
}
type DryRuns = ReadonlyMap<string, NodeDryRun>

/**
 * Finds an unreadable source in a node, or in the nodes before it that are not reused; undefined when there is none.
 */
function unreadBehind(plan: Plan, dryRuns: DryRuns, id: string): Unread | undefined {
  let found = UNREAD.get(dryRuns)
  if (!found) UNREAD.set(dryRuns, (found = unreadIn(plan, dryRuns)))
  return found.get(id)
}
/** What {@link unreadIn} found in a dry run, so that each node is looked at once. */
const UNREAD = new WeakMap<DryRuns, ReadonlyMap<string, Unread>>()

/** Finds the unreadable sources behind all nodes. A node comes after the nodes that it reads. */
function unreadIn({ nodes }: Plan, dryRuns: DryRuns): Map<string, Unread> {
  const found = new Map<string, Unread>()
  for (const [id, node] of Object.entries(nodes)) {
    const isOpen = (read: string) => dryRuns.get(read)!.depends || dryRuns.get(read)!.run > 0
    const behind = dependenciesOf(nodes, id).find((read) => found.has(read) && isOpen(read))
    if (node.type === 'step' && node.unread) found.set(id, { source: id, error: node.unread })
    else if (behind !== undefined) found.set(id, found.get(behind)!)
  }
  return found
}

/** Returns the output that an input reads; for an item of an `each`, the list that the item belongs to. */
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
