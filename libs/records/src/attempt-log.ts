import { channels } from './channels.ts'
import { parseTask } from './events.ts'
import type { Layout } from './layout.ts'
import type { Plan } from './plan-record.ts'
import type { ArtifactStore, Clock, Printed } from './ports.ts'
import { encodeRecord, readRecord, RECORD_VERSION } from './records.ts'

/** Characters that are kept of an attempt's output: HEAD from the beginning, TAIL from the end. */
const HEAD = 1_000_000
const TAIL = 250_000
/** Maximum characters in one record. */
const PART = 250_000
/** Delay before an incomplete part is stored, in milliseconds. It doubles after each write, up to LONGEST_WAIT. */
const FIRST_WAIT = 1_000
const LONGEST_WAIT = 30_000
/** Characters that a line counts for in addition to its text. */
const LINE_COST = 40

/** A line that a step body printed. */
export interface LogLine {
  readonly task: string
  readonly attempt: number
  /** Inside an `each`: the item, by its position among all items. */
  readonly item?: string
  readonly stream: 'stdout' | 'stderr'
  /** Milliseconds since 1970. */
  readonly at: number
  readonly line: string
}

interface LogRecord {
  readonly v: number
  readonly lines: readonly Kept[]
  /** How many lines were left out after these. */
  readonly left?: number
}
type Kept = Omit<LogLine, 'task' | 'attempt'>

export interface LogPlace {
  readonly store: ArtifactStore
  readonly clock: Clock
  readonly at: Layout
  readonly plan: Plan
  readonly task: string
  readonly attempt: number
}

/** Publishes what an attempt prints and stores it. Stores nothing for an attempt that prints nothing. */
export class AttemptLog {
  readonly #place: LogPlace
  #part = 0
  #pending: Kept[] = []
  #size = 0
  #head = 0
  #tail: Kept[] = []
  #tailSize = 0
  #left = 0
  #writing: Promise<void> = Promise.resolve()
  #wait = FIRST_WAIT
  #isWaiting = false
  readonly #ended = new AbortController()

  constructor(place: LogPlace) {
    this.#place = place
  }

  readonly print = ({ index, stream, line }: Printed): void => {
    const { plan, task, attempt, clock } = this.#place
    const item = itemAt(plan, task, index)
    const about = { ...(item !== undefined && { item }), stream }
    if (channels.output.hasSubscribers) channels.output.publish({ run: plan.run, node: task, attempt, ...about, line })
    this.#keep({ ...about, at: clock.now(), line })
  }

  /** Resolves when every line is stored. */
  async end(): Promise<void> {
    this.#ended.abort()
    if (this.#left > 0) this.#flush(this.#left)
    this.#pending.push(...this.#tail)
    this.#tail = []
    this.#tailSize = this.#left = 0
    if (this.#pending.length > 0) this.#flush()
    await this.#writing
  }

  #keep(kept: Kept): void {
    const size = kept.line.length + LINE_COST
    if (this.#head + size <= HEAD) {
      this.#head += size
      this.#pending.push(kept)
      this.#size += size
      if (this.#size >= PART) this.#flush()
      else if (!this.#isWaiting) void this.#flushLater()
      return
    }
    this.#head = HEAD // no later line may be stored before the lines that are left out
    this.#tail.push(kept)
    this.#tailSize += size
    for (; this.#tailSize > TAIL; this.#left++) this.#tailSize -= this.#tail.shift()!.line.length + LINE_COST
  }

  /** Limits how much output is lost when the process is killed. */
  async #flushLater(): Promise<void> {
    this.#isWaiting = true
    try {
      await this.#place.clock.sleep(this.#wait, this.#ended.signal)
    } catch {
      return // the log has ended
    }
    this.#isWaiting = false
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT)
    if (this.#pending.length > 0) this.#flush()
  }

  #flush(left?: number): void {
    const record: LogRecord = { v: RECORD_VERSION, lines: this.#pending, ...(left !== undefined && { left }) }
    this.#pending = []
    this.#size = 0
    this.#writing = this.#writing.then(() => this.#write(record))
  }

  /** A failure to store the log does not fail the attempt. */
  async #write(record: LogRecord): Promise<void> {
    const { store, at, plan, task, attempt } = this.#place
    try {
      // An existing part belongs to the same attempt, which was started before and withdrawn.
      for (let isKept = false; !isKept;) {
        const path = at.log(plan.run, task, attempt, this.#part++)
        isKept = await store.create(path, encodeRecord(record, path))
      }
    } catch (error) {
      const line = `${record.lines.length} lines could not be stored: ${error instanceof Error ? error.message : String(error)}`
      if (channels.output.hasSubscribers)
        channels.output.publish({ run: plan.run, node: task, attempt, stream: 'stderr', line })
    }
  }
}

/**
 * Returns an item's position among all items of its `each`, after the outer batch numbers when `each` nodes are nested.
 */
export function itemAt({ nodes }: Plan, task: string, index: number): string | undefined {
  const { node, batch } = parseTask(task)
  const each = nodes[nodes[node]?.scope.at(-1) ?? '']
  if (each?.type !== 'each') return undefined
  const path = batch.split('.')
  return [...path.slice(0, -1), Number(path.at(-1)) * each.batch + index].join('.')
}

/** Returns the index, within its task, of the item that printed a line; undefined for a line that no item printed. */
export function itemIndex({ nodes }: Plan, { task, item }: Pick<LogLine, 'task' | 'item'>): number | undefined {
  const { node, batch } = parseTask(task)
  const each = nodes[nodes[node]?.scope.at(-1) ?? '']
  if (item === undefined || each?.type !== 'each') return undefined
  const last = (path: string) => Number(path.split('.').at(-1))
  return last(item) - last(batch) * each.batch
}

/** Reads all lines that the step bodies of a run printed, by task in the plan's order, then by attempt. */
export async function* readLogs(
  store: Pick<ArtifactStore, 'children' | 'read'>,
  at: Layout,
  plan: Plan,
  wanted: (task: string) => boolean = () => true,
): AsyncIterable<LogLine> {
  const places = new Map(Object.keys(plan.nodes).map((node, at) => [node, at]))
  const inOrder = new Intl.Collator('en', { numeric: true })
  const parts = (await store.children(at.logs(plan.run))).map((file) => at.logOf(file))
  const chosen = parts
    .filter(({ task }) => wanted(task))
    .map((part) => ({ ...part, place: places.get(parseTask(part.task).node) ?? -1 }))
    .sort((a, b) => a.place - b.place || inOrder.compare(a.task, b.task) || a.attempt - b.attempt || a.part - b.part)
  for (const { task, attempt, part } of chosen) {
    const record = await readRecord<LogRecord>(store, at.log(plan.run, task, attempt, part))
    for (const kept of record?.lines ?? []) yield { task, attempt, ...kept }
    if (record?.left !== undefined) {
      const time = record.lines.at(-1)?.at ?? 0
      yield {
        task,
        attempt,
        stream: 'stderr',
        at: time,
        line: `… ${record.left.toLocaleString('en')} lines omitted …`,
      }
    }
  }
}
