import {
  channels,
  type AboutTask,
  type AttemptMessage,
  type CairnEvent,
  type DeadLetterMessage,
  type Ended,
  type EarlierMessage,
  type EndRecord,
  type FetchMessage,
  type OutputMessage,
  type PublishMessage,
  type TaskMessage,
  type TracedChannel,
} from '@cairn/records'
import { newSpanId, parseTraceparent, traceIdOf, traceparent } from './ids.ts'
import type { Report, SendReport } from './report.ts'
import { faultOf, TaskRecorder } from './task-recorder.ts'

type AttemptResult = NonNullable<(typeof channels.compute)['result']>

const KEPT_RUNS = 1_000

/** Listens to Cairn's diagnostics channels and creates reports from their messages. */
export class Watcher {
  readonly #send: (report: Report) => void
  readonly #tasks = new Map<string, TaskRecorder>()
  /** State for each message, needed when its work has ended. */
  readonly #recorders = new WeakMap<object, TaskRecorder>()
  readonly #begun = new WeakMap<object, number>()
  readonly #sending = new WeakMap<object, SendReport>()
  /** Runs whose end was reported. The event may be published more than once. */
  readonly #ended = new Set<string>()

  constructor(send: (report: Report) => void) {
    this.#send = send
  }

  /**
   * Subscribes to all channels. Call it once.
   *
   * @param guarded wraps a listener so that it never throws, because an error in a channel listener ends the process
   */
  listen(guarded: <Message>(listener: (message: Message) => void) => (message: Message) => void): void {
    const {
      task,
      earlier,
      compute,
      fetch,
      commit,
      publish,
      output,
      promotion,
      deadLetter,
      standstill,
      collection,
      queue,
    } = channels
    const both = <Message extends object, Result>(
      channel: TracedChannel<Message, Result>,
      start: (message: Message) => void,
      end: (message: Ended<Message, Result>) => void,
    ) => channel.subscribe({ start: guarded(start), asyncEnd: guarded(end) } as never)

    both(task, this.#beginTask, this.#endTask)
    both(compute, this.#beginAttempt, this.#endAttempt)
    both(fetch, this.#begin, this.#endFetch)
    both(commit, this.#begin, this.#endCommit)
    both(publish, this.#beginSend, this.#endSend)
    earlier.subscribe(guarded((message: EarlierMessage) => this.#of(message)?.earlier(message)))
    output.subscribe(guarded(this.#line))
    promotion.subscribe(guarded(({ data }) => this.#send({ about: 'promotion', pipeline: data.pipeline })))
    deadLetter.subscribe(guarded(this.#deadLetter))
    collection.subscribe(
      guarded(({ pipeline, report: { runs, deleted, freed } }) =>
        this.#send({ about: 'collection', pipeline, runs: runs.length, deleted, freed }),
      ),
    )
    queue.subscribe(
      guarded(({ pipeline, running, waiting }) => this.#send({ about: 'queue', pipeline, running, waiting })),
    )
    standstill.subscribe(
      guarded(({ topic, group, partition, isOver }) =>
        this.#send({ about: 'standstill', topic, group, partition, isOver }),
      ),
    )
  }

  #of({ plan, task }: AboutTask): TaskRecorder | undefined {
    return this.#tasks.get(`${plan.run}/${task}`)
  }

  readonly #beginTask = (message: TaskMessage): void => {
    const recorder = new TaskRecorder(message)
    this.#recorders.set(message, recorder)
    this.#tasks.set(`${message.plan.run}/${message.task}`, recorder)
  }

  readonly #endTask = (message: Ended<TaskMessage, EndRecord | undefined>): void => {
    const recorder = this.#recorders.get(message)
    if (!recorder) return
    if (this.#of(message) === recorder) this.#tasks.delete(`${message.plan.run}/${message.task}`)
    const isHandedOn = message.result === undefined && message.error === undefined
    if (isHandedOn) return // the host that runs the task reports it
    const report = recorder.end(message.result, message.error === undefined ? undefined : faultOf(message.error))
    const onlyPublished = report.ending && !report.ending.stands && report.attempts.length === 0
    if (onlyPublished) report.sends.forEach(this.#send)
    else this.#send(report)
  }

  readonly #beginAttempt = (message: AttemptMessage): void => this.#of(message)?.beginAttempt(message.attempt)

  readonly #endAttempt = (message: Ended<AttemptMessage, AttemptResult>): void => {
    const error = message.error ?? message.result?.errors.values().next().value
    this.#of(message)?.endAttempt(error === undefined ? undefined : faultOf(error))
  }

  readonly #begin = (message: AboutTask): void => {
    const recorder = this.#of(message)
    if (recorder) this.#begun.set(message, recorder.now())
  }

  readonly #endFetch = (message: FetchMessage): void => {
    const began = this.#begun.get(message)
    if (began !== undefined) this.#of(message)?.fetched(began, message.ref.size)
  }

  readonly #endCommit = (message: AboutTask): void => {
    const began = this.#begun.get(message)
    if (began !== undefined) this.#of(message)?.committed(began)
  }

  readonly #beginSend = (message: PublishMessage): void => {
    const { plan, topic, system = 'cairn', events } = message
    const { env, pipeline, run } = plan
    const spanId = newSpanId()
    const traceId = traceIdOf(plan)
    for (const { headers } of events) {
      if (parseTraceparent(headers['traceparent'])?.traceId !== traceId) delete headers['tracestate']
      headers['traceparent'] = traceparent(traceId, spanId)
    }
    const [types, ids] = [events.map(({ type }) => type), events.map(({ id }) => id)]
    const startedAt = this.#sender(message)?.now() ?? Date.now()
    const about = { run: { env, pipeline, run }, spanId, topic, system, types, ids, startedAt }
    this.#sending.set(message, { about: 'send', ...about, endedAt: startedAt, error: undefined })
  }

  readonly #endSend = (message: Ended<PublishMessage, void>): void => {
    const report = this.#sending.get(message)
    if (!report) return
    const recorder = this.#sender(message)
    report.endedAt = recorder?.now() ?? Date.now()
    if (message.error !== undefined) report.error = faultOf(message.error)
    else for (const event of message.events) if (event.type === 'cairn.run-ended') this.#endRun(message, event)
    if (recorder) recorder.sent(report)
    else this.#send(report)
  }

  /** The task that publishes its own events; undefined for events of a run or of another task. */
  #sender({ plan, events }: PublishMessage): TaskRecorder | undefined {
    const { type, data } = events[0]!
    if (type === 'cairn.ready' || data.node === undefined) return undefined
    return this.#of({ plan, task: data.batch === undefined ? data.node : `${data.node}/${data.batch}` })
  }

  #endRun({ plan }: PublishMessage, { time, data }: CairnEvent): void {
    const { env, pipeline, run, parent, createdAt } = plan
    const name = `${env}/${pipeline}/${run}`
    if (this.#ended.has(name)) return
    this.#ended.add(name)
    if (this.#ended.size > KEPT_RUNS) this.#ended.delete(this.#ended.values().next().value!)
    const [startedAt, endedAt] = [createdAt, Date.parse(time)]
    this.#send({ about: 'run', run: { env, pipeline, run }, parent, startedAt, endedAt, status: data.status ?? '' })
  }

  readonly #line = ({ run, node, stream, line }: OutputMessage): void => {
    const recorder = this.#tasks.get(`${run}/${node}`)
    const about = { run: recorder?.report.run, name: run, task: node, attempt: recorder?.attempt ?? 0 }
    this.#send({ about: 'line', ...about, stream, line, at: recorder?.now() ?? Date.now() })
  }

  readonly #deadLetter = ({ topic, group, error }: DeadLetterMessage): void =>
    this.#send({ about: 'dead-letter', topic, group, error: faultOf(error) })
}
