import { Observable, Subject } from 'rxjs'
import {
  attemptEvent,
  endEvent,
  layout,
  leftEvent,
  requireOf,
  runEvent,
  readRecord,
  taskName,
  topicOf,
  unfitTasks,
  type AttemptRecord,
  type CairnEvent,
  type Layout,
  type Plan,
  type Subscription,
} from '@cairn/kernel/runtime'
import { readEnds, readRun } from '@cairn/embedded'
import type { ControlHost } from './control.ts'
import { ToldTasks } from './told-tasks.ts'

export interface SseMessage {
  /** What the reader has heard so far: sent back as `Last-Event-ID`, the rest is told. */
  readonly id: string
  readonly type: string
  readonly data: object
}

/** How often a run's records are looked at for events that were missed, in milliseconds. */
const LOOK_MS = 5_000
/** How often a reader is told that the connection lives, in milliseconds. */
const PING_MS = 10_000

/** The task whose end an event tells. */
function endedTask({ type, data: { node, batch = '' } }: CairnEvent): string | undefined {
  return node !== undefined && ENDS.test(type) ? taskName({ node, batch }) : undefined
}
const ENDS = /^cairn\.(completed|failed|timed-out|cancelled|skipped|blocked)$/

/** Tells what happens in runs: first what has happened, from the records; then events as they come. */
export class Follower {
  readonly #host: ControlHost
  readonly #events = new Subject<CairnEvent>()
  /** One subscription a pipeline, made when first someone follows it. */
  readonly #subscriptions = new Map<string, Promise<Subscription>>()

  constructor(host: ControlHost) {
    this.#host = host
  }

  /**
   * Ends when the run has ended. Each event once, by its id.
   *
   * @param last the id of the last message that a reader who was cut off has heard
   */
  follow({ pipeline, run, nodes }: Plan, last?: string): Observable<SseMessage> {
    return new Observable((reader) => {
      const seen = new Set<string>()
      const told = new ToldTasks(Object.keys(nodes), last)
      const tell = (event: CairnEvent) => {
        if (event.data.run !== run || event.data.pipeline !== pipeline || seen.has(event.id)) return
        seen.add(event.id)
        const ended = endedTask(event)
        if (ended !== undefined && told.has(ended)) return
        if (ended !== undefined) told.add(ended)
        reader.next({ id: String(told), type: event.type, data: event })
        if (event.type === 'cairn.run-ended') reader.complete()
      }
      const live = this.#events.subscribe(tell)
      const look = () => this.#recorded(pipeline, run).then((events) => events.forEach(tell))
      const timer = setInterval(() => void look().catch(() => {}), LOOK_MS)
      const ping = setInterval(() => reader.next({ id: String(told), type: 'ping', data: {} }), PING_MS)
      this.#listen(pipeline)
        .then(look)
        .catch((error: unknown) => reader.error(error))
      return () => {
        clearInterval(timer)
        clearInterval(ping)
        live.unsubscribe()
      }
    })
  }

  async close(): Promise<void> {
    const made = [...this.#subscriptions.values()]
    await Promise.allSettled(made.map((subscription) => subscription.then((open) => open.close())))
    this.#events.complete()
  }

  /** The events of all that is recorded; made again from records, they are the same events. */
  async #recorded(pipeline: string, run: string): Promise<CairnEvent[]> {
    const { store } = this.#host
    const { plan, end } = await readRun(store, this.#at(pipeline), run)
    const ends = [...(await readEnds(store, this.#at(pipeline), run))].sort(([, a], [, b]) => a.endedAt - b.endedAt)
    const ended = new Set(ends.map(([task]) => task))
    const begun = end ? [] : [...(await this.#begun(plan, ended)), ...(await this.#unfit(plan))]
    const events = [...ends.map(([task, ending]) => endEvent(plan, task, ending)), ...begun]
    const isOver = end && (end.status !== 'cancelled' || Object.keys(plan.nodes).every((id) => isEnded(id, ends)))
    return isOver ? [...events, runEvent(plan, 'run-ended', end.endedAt, end)] : events

    function isEnded(id: string, all: typeof ends): boolean {
      const { scope, type } = plan.nodes[id]!
      return scope.length > 0 || type === 'given' || all.some(([task]) => task === id)
    }
  }

  /** What keeps tasks from being run. */
  async #unfit(plan: Plan): Promise<CairnEvent[]> {
    const records = await unfitTasks(this.#host.store, this.#at(plan.pipeline), plan.run)
    return records.map(({ task, at, error }, index) => leftEvent(plan, task, at, index + 1, error))
  }

  /** The attempts that tasks are at. */
  async #begun(plan: Plan, ended: ReadonlySet<string>): Promise<CairnEvent[]> {
    const { store } = this.#host
    const at = this.#at(plan.pipeline)
    const running = (await store.children(at.attempts(plan.run)))
      .map((file) => at.attemptOf(file))
      .filter(({ task }) => !ended.has(task))
    const events = running.map(async ({ task, attempt }) => {
      const record = await readRecord<AttemptRecord>(store, at.attempt(plan.run, task, attempt))
      return record && attemptEvent(plan, 'attempt-started', task, attempt, record.startedAt)
    })
    return (await Promise.all(events)).filter((event) => event !== undefined)
  }

  #at(pipeline: string): Layout {
    return layout(this.#host.env, pipeline)
  }

  #listen(pipeline: string): Promise<Subscription> {
    const { bus, env } = this.#host
    let subscription = this.#subscriptions.get(pipeline)
    if (!subscription) {
      subscription = bus.hear(topicOf({ env, pipeline }), (event) => {
        try {
          requireOf({ env, pipeline }, event)
          this.#events.next(event)
        } catch {
          // for the stages to give up
        }
      })
      this.#subscriptions.set(pipeline, subscription)
      subscription.catch(() => this.#subscriptions.delete(pipeline))
    }
    return subscription
  }
}
