import { Observable, Subject } from 'rxjs'
import { requireOf, taskName, topicOf, type CairnEvent, type Plan, type Subscription } from '@cairn/records'
import type { ControlHost } from './control-host.ts'
import { RecordedRun } from './recorded-run.ts'
import type { RunQueue } from './run-queue.ts'
import { sendQueuePlaces } from './queue-places.ts'
import { SentTasks } from './sent-tasks.ts'

export interface SseMessage {
  /** The run and the reader's position. A reader that sends it back as `Last-Event-ID` gets only the rest. */
  readonly id: string
  readonly type: string
  readonly data: object
}

/** Interval of pings to a reader, in milliseconds. */
const PING_MS = 10_000

/** The task whose end an event announces. */
function endedTask({ type, data: { node, batch = '' } }: CairnEvent): string | undefined {
  return node !== undefined && ENDS.test(type) ? taskName({ node, batch }) : undefined
}
const ENDS = /^cairn\.(completed|failed|timed-out|cancelled|skipped|blocked)$/

/** What a reader has received of this run; nothing for the id of another run's stream. */
function receivedOf(run: string, last: string | undefined): string | undefined {
  return last?.startsWith(`${run}/`) ? last.slice(run.length + 1) : undefined
}

/** Streams the events of runs: first past ones, from the records, then new ones. */
export class Follower {
  readonly #host: ControlHost
  readonly #queue: Pick<RunQueue, 'recentView'>
  readonly #pingMs: number
  readonly #events = new Subject<CairnEvent>()
  /** One subscription per pipeline, created for its first follower. */
  readonly #subscriptions = new Map<string, Promise<Subscription>>()
  /** Records of the followed runs. */
  readonly #runs = new Map<string, RecordedRun>()

  constructor(host: ControlHost, queue: Pick<RunQueue, 'recentView'>, pingMs = PING_MS) {
    this.#host = host
    this.#pingMs = pingMs
    this.#queue = queue
  }

  /**
   * Streams each event once, by its id, until the run has ended.
   *
   * @param last the id of the last message that the reader received before it was cut off
   */
  follow(plan: Plan, last?: string, mayRead: () => boolean = () => true): Observable<SseMessage> {
    const { pipeline, run, nodes } = plan
    return new Observable((reader) => {
      const seen = new Set<string>()
      const sent = new SentTasks(Object.keys(nodes), receivedOf(run, last))
      const id = () => `${run}/${String(sent)}`
      const send = (message: SseMessage) => (mayRead() ? reader.next(message) : reader.complete())
      const sendEvent = (event: CairnEvent) => {
        if (seen.has(event.id)) return
        seen.add(event.id)
        const ended = endedTask(event)
        if (ended !== undefined && sent.has(ended)) return
        if (ended !== undefined) sent.add(ended)
        send({ id: id(), type: event.type, data: event })
        if (event.type === 'cairn.run-ended') reader.complete()
      }
      const recorded = this.#recorded(plan)
      const sendRecorded = () => recorded.events().then((events) => events.forEach(sendEvent))
      const sendIfAny = (event: CairnEvent | undefined) => event && sendEvent(event)
      // Anyone who may publish can claim an end, so only recorded ends are sent. The end of a run may arrive before the
      // ends of its tasks, which are in other partitions.
      const endRun = () =>
        sendRecorded()
          .then(() => sendIfAny(recorded.runEnded))
          .catch((error: unknown) => reader.error(error))
      const live = this.#events.subscribe((event) => {
        if (event.data.run !== run || event.data.pipeline !== pipeline) return
        const ended = endedTask(event)
        if (event.type === 'cairn.run-ended') void endRun()
        else if (ended === undefined) sendEvent(event)
        else if (!sent.has(ended)) recorded.ended(ended).then(sendIfAny, () => {}) // otherwise the next read sends it
      })
      const leave = recorded.follow(sendEvent)
      const stopPlaces = sendQueuePlaces(this.#queue, plan, (wait) => send({ id: id(), type: 'queued', data: wait }))
      const ping = setInterval(() => send({ id: id(), type: 'ping', data: {} }), this.#pingMs)
      this.#listen(pipeline)
        .then(sendRecorded)
        .catch((error: unknown) => reader.error(error))
      return () => {
        leave()
        stopPlaces()
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

  #recorded(plan: Plan): RecordedRun {
    for (const [name, recorded] of this.#runs) if (!recorded.isFollowed) this.#runs.delete(name)
    const name = `${plan.pipeline}/${plan.run}`
    const recorded = this.#runs.get(name) ?? new RecordedRun(plan, this.#host.store)
    this.#runs.set(name, recorded)
    return recorded
  }

  #listen(pipeline: string): Promise<Subscription> {
    const { bus, env } = this.#host
    let subscription = this.#subscriptions.get(pipeline)
    if (!subscription) {
      subscription = bus.listen(topicOf({ env, pipeline }), (event) => {
        try {
          requireOf({ env, pipeline }, event)
          this.#events.next(event)
        } catch {
          // an invalid event is left to the stages, which give it up
        }
      })
      this.#subscriptions.set(pipeline, subscription)
      subscription.catch(() => this.#subscriptions.delete(pipeline))
    }
    return subscription
  }
}
