import {
  CONCURRENCY,
  makeArtifact,
  taskName,
  ManifestWriter,
  type ErrorRecord,
  type PlannedEach,
  type PlannedWhen,
  type EncodedArtifact,
  type Outcome,
} from '@cairn/records'
import type { ArtifactRef } from '@cairn/kernel'
import { firstNotRun, guardOutcome, itemsOf, resolveRefs, type NotRun, type RunReader } from './item-inputs.ts'
import type { RunState } from './run-state.ts'

/** An outcome whose artifacts are not stored yet. */
export type Joined =
  Exclude<Outcome, { status: 'completed' }> | { readonly made: Readonly<Record<string, EncodedArtifact>> }

/** Joins a `when`: for each item, the outputs of the arm that its condition selects. */
export async function joinWhen(state: RunState, reader: RunReader, id: string, batch: string): Promise<Joined[]> {
  const { scope, condition, then, otherwise } = state.plan.nodes[id] as PlannedWhen
  const conditions = 'value' in condition ? [] : [condition]
  const arms = [...Object.values(then), ...Object.values(otherwise)]
  const refs = await resolveRefs(state, reader, scope, batch, [...conditions, ...arms])
  return Array.from({ length: refs.items }, (_, index): Joined => {
    const closed = guardOutcome(state, id, batch, refs, index)
    if (closed) return closed
    const chosen = state.conditionValue(condition, batch, refs.lineage, index)
    const notRun = firstNotRun(conditions.map((ref) => refs.resolve(ref, index)))
    if (notRun || chosen === undefined) return notRun ?? { status: 'blocked', because: id }
    const found = Object.entries(chosen ? then : otherwise).map(
      ([name, ref]) => [name, refs.resolve(ref, index)] as const,
    )
    return (
      firstNotRun(found.map(([, ref]) => ref)) ?? {
        made: Object.fromEntries(found.map(([name, ref]) => [name, { ref: ref as ArtifactRef }])),
      }
    )
  })
}

interface Collected {
  readonly results: Record<string, ManifestWriter>
  total: number
  failed: number
  firstError: ErrorRecord | undefined
}

/** Joins an `each`: for each item, the lists of its inner items' results, in order. */
export async function joinEach(state: RunState, reader: RunReader, id: string, batch: string): Promise<Joined[]> {
  const each = state.plan.nodes[id] as PlannedEach
  const refs = await resolveRefs(state, reader, each.scope, batch, [each.over])
  const items = Array.from({ length: refs.items }, (): Collected => {
    const results = Object.fromEntries(Object.keys(each.collects).map((name) => [name, new ManifestWriter()]))
    return { results, total: 0, failed: 0, firstError: undefined }
  })
  await collectItems(state, reader, id, batch, items)
  return items.map((collected, index): Joined => {
    const notRun = guardOutcome(state, id, batch, refs, index) ?? firstNotRun([refs.resolve(each.over, index)])
    return notRun ?? joinItem(id, each, collected)
  })
}

async function collectItems(
  state: RunState,
  reader: RunReader,
  id: string,
  batch: string,
  into: Collected[],
): Promise<void> {
  const { scope, collects } = state.plan.nodes[id] as PlannedEach
  const inside = [...scope, id]
  const body = Object.keys(state.plan.nodes).filter((node) => state.plan.nodes[node]!.scope.at(-1) === id)
  const items = await itemsOf(state, reader, id, batch)
  const { batch: size } = state.plan.nodes[id] as PlannedEach
  const batches = Math.ceil(items.length / size)
  const innerAt = (index: number) => (batch === '' ? String(index) : `${batch}.${index}`)
  const endsOf = (inner: string) => Promise.all(body.map((node) => reader.end(taskName({ node, batch: inner }))))
  for (let from = 0, index = 0; index < batches; index++) {
    const ahead = index % CONCURRENCY === 0 ? Math.min(CONCURRENCY, batches - index) : 0
    await Promise.all(Array.from({ length: ahead }, (_, more) => endsOf(innerAt(index + more)))) // cached
    const inner = innerAt(index)
    const { parents } = state.opened.slice(id, batch, index)
    const ends = await endsOf(inner)
    const refs = await resolveRefs(state, reader, inside, inner, Object.values(collects))
    parents.forEach((parent, at) => {
      const collected = into[parent]!
      const item = collected.total++
      const source = items.at(from + at)!
      const outcomes = ends.map((end) => end.items[at]!)
      const fault = outcomes.find(({ status }) => status !== 'completed' && status !== 'skipped')
      if (fault) {
        collected.failed++
        collected.firstError ??= itemError(item, source, outcomes.find((outcome) => 'error' in outcome) ?? fault)
        return
      }
      for (const [name, ref] of Object.entries(collects)) {
        const result = refs.resolve(ref, at)
        if ('digest' in result) collected.results[name]!.add(withLabel(result, source.label))
      }
    })
    from += parents.length
  }
}

function joinItem(id: string, { tolerate }: PlannedEach, { results, total, failed, firstError }: Collected): Joined {
  const tolerated = Math.max(tolerate.items ?? 0, Math.floor((tolerate.share ?? 0) * total))
  if (failed > tolerated) {
    const rule = tolerated > 0 ? ` (tolerated: ${tolerated})` : ''
    const message = `${failed} of ${total} items of ${id} failed${rule}. First error: ${firstError!.message}`
    return { status: 'failed', error: { ...firstError!, message } }
  }
  const made = Object.entries(results).map(([name, list]): [string, EncodedArtifact] => {
    const { ref, content } = makeArtifact({ bytes: list.bytes() })
    const summary = { items: list.length, ...(failed > 0 && { failed }) }
    return [name, { ref: { ...ref, items: list.length, summary }, ...(content && { content }) }]
  })
  return { made: Object.fromEntries(made) }
}

function itemError(index: number, { label }: ArtifactRef, outcome: Outcome): ErrorRecord {
  const itemText = label === undefined ? `item ${index}` : `item ${index} ("${label}")`
  if ('error' in outcome) return { ...outcome.error, message: `${itemText}: ${outcome.error.message}` }
  return {
    code: 'STEP_FAILED',
    name: 'Error',
    message: `${itemText}: ${(outcome as NotRun).status} by ${(outcome as NotRun).because}`,
  }
}

function withLabel(ref: ArtifactRef, label: string | undefined): ArtifactRef {
  return label === undefined || ref.label !== undefined ? ref : { ...ref, label }
}
