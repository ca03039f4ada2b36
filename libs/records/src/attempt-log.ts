import { channels } from './channels.ts'
import { parseTask } from './events.ts'
import type { Layout } from './layout.ts'
import type { Plan } from './plan-record.ts'
import type { ArtifactStore, Clock, Printed } from './ports.ts'
import { encodeRecord, readRecord, RECORD_VERSION } from './records.ts'

/** Characters that are kept of what an attempt prints: so many from its beginning, so many from its end. */
const HEAD = 1_000_000
const TAIL = 250_000
/** Characters in one record. */
const PART = 250_000
/** When lines are stored that wait for a part to be full, in milliseconds: soon at first, then each time twice as late. */
const FIRST_WAIT = 1_000
const LONGEST_WAIT = 30_000
/** Of a line, beside its text. */
const LINE_COST = 40

/** A line that a body printed. */
export interface LogLine {
  readonly task: string
  readonly attempt: number
  /** Of a task inside an `each`: the item, by its place among all items. */
  readonly item?: string
  readonly stream: 'stdout' | 'stderr'
  /** Milliseconds since 1970. */
  readonly at: number
  readonly line: string
}

interface LogRecord {
  readonly v: number
  readonly lines: readonly Kept[]
  /** Lines that were left out behind these. */
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

/** What an attempt prints: told to those who watch, and kept in the store. Nothing is written for one that prints nothing. */
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

  /** Resolves when all of it is in the store. */
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
    this.#head = HEAD // what comes later is behind what was left out
    this.#tail.push(kept)
    this.#tailSize += size
    for (; this.#tailSize > TAIL; this.#left++) this.#tailSize -= this.#tail.shift()!.line.length + LINE_COST
  }

  /** So that of a process that is killed little is lost. */
  async #flushLater(): Promise<void> {
    this.#isWaiting = true
    try {
      await this.#place.clock.sleep(this.#wait, this.#ended.signal)
    } catch {
      return // it has ended
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

  /** A log that cannot be stored does not fail what it is of. */
  async #write(record: LogRecord): Promise<void> {
    const { store, at, plan, task, attempt } = this.#place
    try {
      // A part that is there is of the same attempt, begun before and taken back.
      for (let isKept = false; !isKept;) {
        const path = at.log(plan.run, task, attempt, this.#part++)
        isKept = await store.create(path, encodeRecord(record, path))
      }
    } catch (error) {
      const line = `${record.lines.length} lines could not be kept: ${error instanceof Error ? error.message : String(error)}`
      if (channels.output.hasSubscribers)
        channels.output.publish({ run: plan.run, node: task, attempt, stream: 'stderr', line })
    }
  }
}

/** An item by its place among all items of its `each`; inside an `each` inside another, behind the outer batch. */
export function itemAt({ nodes }: Plan, task: string, index: number): string | undefined {
  const { node, batch } = parseTask(task)
  const each = nodes[nodes[node]?.scope.at(-1) ?? '']
  if (each?.type !== 'each') return undefined
  const path = batch.split('.')
  return [...path.slice(0, -1), Number(path.at(-1)) * each.batch + index].join('.')
}

/** The item of its task that printed a line; undefined of a line that none did. */
export function itemIndex({ nodes }: Plan, { task, item }: Pick<LogLine, 'task' | 'item'>): number | undefined {
  const { node, batch } = parseTask(task)
  const each = nodes[nodes[node]?.scope.at(-1) ?? '']
  if (item === undefined || each?.type !== 'each') return undefined
  const last = (path: string) => Number(path.split('.').at(-1))
  return last(item) - last(batch) * each.batch
}

/** All lines that a run's bodies printed, task by task in the plan's order, attempt after attempt. */
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
        line: `… ${record.left.toLocaleString('en')} lines left out …`,
      }
    }
  }
}
