import type { EarlierMessage, EndRecord, Outcome, TaskMessage } from '@cairn/records'
import type { AttemptReport, OperationTotals, Ending, Fault, Need, SendReport, TaskReport } from './report.ts'

/** Records a task while this process works on it. */
export class TaskRecorder {
  readonly report: TaskReport
  readonly #began = performance.now()
  #attempt: AttemptReport | undefined

  constructor({ plan, task, host, cause, needs }: TaskMessage) {
    const { env, pipeline, run } = plan
    const [id = '', batch = ''] = task.split('/')
    const node = plan.nodes[id]!
    this.report = {
      about: 'task',
      run: { env, pipeline, run },
      task,
      node: id,
      batch,
      type: node.type,
      step: node.type === 'step' ? node.step : undefined,
      host,
      needs: needs.map((need) => needOf(plan, need)),
      cause: {
        id: cause.id,
        type: cause.type,
        at: Date.parse(cause.time),
        topic: `cairn.${env}.${pipeline}`,
        traceparent: cause.headers['traceparent'],
      },
      startedAt: Date.now(),
      attempts: [],
      commit: noOperations(),
      sends: [],
      endedAt: 0,
      ending: undefined,
      error: undefined,
    }
  }

  get attempt(): number {
    return this.#attempt?.attempt ?? 0
  }

  /** The time in milliseconds since 1970, measured with a monotonic clock from the start of the task. */
  now(): number {
    return this.report.startedAt + performance.now() - this.#began
  }

  /** Adds an attempt of another host. It was lost, unless that host made the next attempt. */
  earlier({ attempt, record: { startedAt, host } }: EarlierMessage): void {
    const before = this.report.attempts.at(-1)
    if (before?.host === host) before.result = 'failed'
    this.#add({ ...newAttempt(attempt, host, startedAt), result: 'lost' })
  }

  beginAttempt(attempt: number): void {
    this.#attempt = newAttempt(attempt, this.report.host, this.now())
    this.#add(this.#attempt)
  }

  /** Ends the previous attempt. Its exact end is unknown if it was on another host. */
  #add(attempt: AttemptReport): void {
    const before = this.report.attempts.at(-1)
    if (before) before.endedAt ??= attempt.startedAt
    this.report.attempts.push(attempt)
  }

  endAttempt(error: Fault | undefined): void {
    if (!this.#attempt) return
    Object.assign(this.#attempt, { endedAt: this.now(), error, result: error ? 'failed' : 'done' })
    this.#attempt = undefined
  }

  fetched(startedAt: number, bytes: number): void {
    if (this.#attempt) addOperation(this.#attempt.fetch, startedAt, this.now(), bytes)
  }

  committed(startedAt: number): void {
    addOperation((this.#attempt ?? this.report).commit, startedAt, this.now(), 0)
  }

  sent(report: SendReport): void {
    this.report.sends.push(report)
  }

  /** Returns the report of a task that ended or, without a terminal record, was given up. */
  end(record: EndRecord | undefined, error: Fault | undefined): TaskReport {
    const { report } = this
    report.endedAt = this.now()
    report.ending = record && this.#endingOf(record)
    report.error = record ? faultIn(record.items) : error
    return report
  }

  #endingOf({ status, items, failures = [], host, startedAt }: EndRecord): Ending {
    const computed = items.filter((outcome) => outcome.status === 'completed' && outcome.how === 'computed')
    const sizes = computed.flatMap((outcome) => Object.values((outcome as Completed).outputs).map(({ size }) => size))
    const kinds = Object.groupBy(items, (outcome) => (outcome.status === 'completed' ? outcome.how : outcome.status))
    return {
      status,
      stands: host === this.report.host && startedAt >= this.report.startedAt,
      items: Object.fromEntries(Object.entries(kinds).map(([kind, items]) => [kind, items.length])),
      ms: computed.map((outcome) => (outcome as Completed).ms ?? 0),
      written: sizes.reduce((sum, size) => sum + size, 0),
      retried: [...new Map(failures.map(({ attempt, code }, at) => [attempt ?? -at, code])).values()],
    }
  }
}

type Completed = Extract<Outcome, { status: 'completed' }>

/** Links a node that reuses outputs of another run to the task of that run. */
function needOf({ nodes, run }: TaskMessage['plan'], task: string): Need {
  const node = nodes[task.split('/')[0]!]
  return { run: node?.type === 'given' ? node.from : run, task }
}

function newAttempt(attempt: number, host: string, startedAt: number): AttemptReport {
  const [fetch, commit] = [noOperations(), noOperations()]
  return { attempt, host, startedAt, fetch, commit, endedAt: undefined, result: 'done', error: undefined }
}

function noOperations(): OperationTotals {
  return { count: 0, bytes: 0, ms: 0, startedAt: 0, endedAt: 0 }
}

function addOperation(totals: OperationTotals, startedAt: number, endedAt: number, bytes: number): void {
  totals.startedAt = totals.count === 0 ? startedAt : Math.min(totals.startedAt, startedAt)
  totals.endedAt = Math.max(totals.endedAt, endedAt)
  totals.ms += endedAt - startedAt
  totals.bytes += bytes
  totals.count++
}

function faultIn(items: readonly Outcome[]): Fault | undefined {
  const failed = items.find((outcome) => 'error' in outcome)
  return failed && faultOf(failed.error)
}

/** Returns the code and message of a thrown value. The message is cut to 2,000 characters. */
export function faultOf(error: unknown): Fault {
  const { code, name, message } = error as Partial<Record<'code' | 'name' | 'message', string>>
  return { code: code ?? name ?? 'unknown', message: (message ?? String(error)).slice(0, 2_000) }
}
