import type { ArtifactRef } from '@cairn/kernel'
import { parseManifest } from '@cairn/kernel/contract'
import { openManifest, makeArtifact, type Items, type Plan, type EndRecord, type Outcome } from '@cairn/records'
import type { Joined } from './join.ts'
import type { NotRun, RunReader } from './item-inputs.ts'
import { Lru } from './lru.ts'
import { countsOf } from './batch.ts'
import { RunState } from './run-state.ts'

type Given = Readonly<Record<string, unknown>> | Error | NotRun

/** A run whose tasks end as the test says. Nothing is computed. */
export class Ended implements RunReader {
  readonly state: RunState
  readonly allItems = new Lru<Items>(8)
  readonly #ends = new Map<string, EndRecord>()

  constructor(plan: Plan) {
    this.state = new RunState(plan)
  }

  /** Ends a task with the given outputs of each item. A list is an array. */
  completed(task: string, ...items: readonly Readonly<Record<string, unknown>>[]): void {
    this.outcomes(task, items)
  }
  failed(task: string): void {
    this.outcomes(task, [new Error('no')])
  }
  notRun(task: string, outcome: NotRun): void {
    this.outcomes(task, [outcome])
  }

  outcomes(task: string, given: readonly Given[]): void {
    const items = given.map(outcomeOf)
    const counts = countsOf(items.map((outcome) => (outcome.status === 'completed' ? outcome.outputs : undefined)))
    const status = items[0]?.status ?? 'completed'
    const end: EndRecord = { v: 1, status, items, counts, attempts: 1, startedAt: 0, endedAt: 0, host: 'host' }
    this.#ends.set(task, end)
    this.state.end(task, end)
  }

  async end(task: string): Promise<EndRecord> {
    return this.#ends.get(task)!
  }
  async items({ text }: ArtifactRef): Promise<Items> {
    return openManifest(Buffer.from(text!))
  }
}

function outcomeOf(given: Given): Outcome {
  if (given instanceof Error)
    return { status: 'failed', error: { code: 'STEP_FAILED', name: 'Error', message: given.message } }
  if ('because' in given) return given as NotRun
  const outputs = Object.entries(given).map(([name, value]) => [name, refOf(value)])
  return { status: 'completed', how: 'computed', outputs: Object.fromEntries(outputs) as Record<string, ArtifactRef> }
}

function refOf(value: unknown): ArtifactRef {
  const bytes = (one: unknown) => ({ bytes: Buffer.from(JSON.stringify(one)) })
  return makeArtifact(Array.isArray(value) ? { items: value.map(bytes) } : bytes(value)).ref
}

/** Returns the values in the lists that a join made. */
export function itemsOfText(joined: Joined): unknown {
  if (!('made' in joined)) return joined
  const lists = Object.entries(joined.made).map(([name, { ref }]) => [
    name,
    parseManifest(Buffer.from(ref.text!)).map(({ text }) => JSON.parse(text!) as unknown),
  ])
  return Object.fromEntries(lists)
}
