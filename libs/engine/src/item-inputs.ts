import { CairnError, type ArtifactRef } from '@cairn/kernel'
import { itemName, taskName, chained, type Items, type PlannedEach, type EndRecord, type Outcome } from '@cairn/records'
import type { Ref } from '@cairn/kernel/contract'
import type { Lru } from './lru.ts'
import { batchAt, indexAt, type Lineage } from './batch.ts'
import type { RunState } from './run-state.ts'

/** The inputs of an item, or the reason why it does not run. */
export type ItemInputs = { readonly inputs: Readonly<Record<string, ArtifactRef>> } | NotRun
/**
 * The outcome of an item that does not run: `skipped` because its arm was not taken, or `blocked` because something
 * that it needs has no value.
 */
export type NotRun = Extract<Outcome, { readonly status: 'skipped' | 'blocked' }>

/** Reads what the tasks of a run have produced. */
export interface RunReader {
  /** Reads the terminal record of a task that has ended. */
  end(task: string): Promise<EndRecord>
  /** Reads the items of a list artifact. */
  items(list: ArtifactRef): Promise<Items>
  /** Cache of all items of an `each`. */
  readonly allItems: Lru<Items>
}

/** What the refs of a task's node resolve to, item by item. */
export interface ResolvedRefs {
  /** Number of items in the task. */
  readonly items: number
  readonly lineage: Lineage
  resolve(ref: Ref, index: number): ArtifactRef | NotRun
}

/** Reads every record that the refs lead to, each once. */
export async function resolveRefs(
  state: RunState,
  reader: RunReader,
  scope: readonly string[],
  batch: string,
  refs: readonly Ref[],
): Promise<ResolvedRefs> {
  const lineage = state.opened.lineage(scope, batch)
  const given = new Map<string, (index: number) => ArtifactRef | NotRun>()
  for (const ref of refs)
    if (!given.has(refName(ref)))
      given.set(refName(ref), 'item' in ref ? await itemReader(ref.item) : await outputReader(ref.node, ref.output))

  async function itemReader(each: string) {
    const depth = scope.indexOf(each)
    const items = await itemsOf(state, reader, each, batchAt(batch, depth))
    const { from } = state.opened.slice(each, batchAt(batch, depth), indexAt(batch, depth))
    return (index: number) => items.at(from + lineage[depth + 1]![index]!)!
  }

  async function outputReader(node: string, output: string) {
    const planned = state.plan.nodes[node]!
    if (planned.type === 'given') return () => planned.outputs[output]!
    const depth = planned.scope.length
    const task = taskName({ node, batch: batchAt(batch, depth) })
    const { items } = await reader.end(task)
    let places: number[][] | undefined
    const nameOf = (index: number) => {
      places ??= state.opened.indicesIn(planned.scope, batchAt(batch, depth))
      return depth === 0 ? node : `${node}/${itemName({ indices: places[index]! })}`
    }
    return (index: number) => {
      const at = lineage[depth]![index]!
      return outputOf(items[at], output, () => nameOf(at))
    }
  }

  return {
    items: lineage.at(-1)!.length,
    lineage,
    resolve: (ref, index) => given.get(refName(ref))!(index),
  }
}

/** Reads all items of an `each`, in order: the lists of all items of the batch around it, concatenated. */
export function itemsOf(state: RunState, reader: RunReader, each: string, outerBatch: string) {
  return reader.allItems.get(taskName({ node: each, batch: outerBatch }), () =>
    readItems(state, reader, each, outerBatch),
  )
}

async function readItems(state: RunState, reader: RunReader, each: string, outerBatch: string): Promise<Items> {
  const { over, scope } = state.plan.nodes[each] as PlannedEach
  const counts = state.opened.itemsOf(each, outerBatch)
  const lists = await resolveRefs(state, reader, scope, outerBatch, [over])
  const all: Items[] = []
  for (const [index, count] of counts.entries()) {
    const list = count > 0 ? lists.resolve(over, index) : undefined
    if (list && 'digest' in list) all.push(await reader.items(list))
  }
  return chained(all)
}

/** Resolves the inputs of each item of a step's task. An item behind an arm that was not taken is skipped. */
export function inputsOf(
  state: RunState,
  node: string,
  batch: string,
  inputs: Readonly<Record<string, Ref>>,
  refs: ResolvedRefs,
): ItemInputs[] {
  const planned = state.plan.nodes[node]
  const pinned = planned?.type === 'step' ? Object.entries(planned.production ?? {}) : []
  const ofOthers = pinned.map(([name, { artifact }]) => [name, artifact] as const)
  return Array.from({ length: refs.items }, (_, index) => {
    const notRun = guardOutcome(state, node, batch, refs, index)
    if (notRun) return notRun
    const found = Object.entries(inputs).map(([name, ref]) => [name, refs.resolve(ref, index)] as const)
    return (
      firstNotRun(found.map(([, value]) => value)) ?? {
        inputs: Object.fromEntries([...found, ...ofOthers]) as Record<string, ArtifactRef>,
      }
    )
  })
}

/** Returns why an item does not run: its arm was not taken, or the condition has no value. Undefined when it runs. */
export function guardOutcome(
  state: RunState,
  node: string,
  batch: string,
  refs: ResolvedRefs,
  index: number,
): NotRun | undefined {
  const closed = state.closedGuard(node, batch, refs.lineage, index)
  return closed && { status: closed.isKnown ? 'skipped' : 'blocked', because: closed.when }
}

/** Returns the first `blocked` value, or else the first `skipped` one. Undefined if all values are artifacts. */
export function firstNotRun(values: readonly (ArtifactRef | NotRun)[]): NotRun | undefined {
  const missing = values.filter((value) => 'because' in value)
  return missing.find(({ status }) => status === 'blocked') ?? missing[0]
}

function outputOf(outcome: Outcome | undefined, output: string, nameOf: () => string): ArtifactRef | NotRun {
  if (!outcome) throw badRecord(nameOf(), 'has too few items')
  if (outcome.status === 'completed') {
    const { outputs } = outcome
    if (Object.hasOwn(outputs, output)) return outputs[output]!
    throw badRecord(nameOf(), `has no output "${output}"`)
  }
  if ('because' in outcome) return outcome
  return { status: 'blocked', because: nameOf() }
}

function badRecord(task: string, what: string): CairnError {
  return new CairnError('BAD_RECORD', `the record of ${task} ${what}`, { next: 'cairn doctor' })
}

function refName(ref: Ref): string {
  return 'item' in ref ? ref.item : `${ref.node}.${ref.output}`
}
