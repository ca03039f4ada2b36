import { hash, randomUUID } from 'node:crypto'
import { nextRun } from '@cairn/workspace'
import { CairnError, canonical } from '@cairn/kernel'
import {
  claim,
  controlTopicOf,
  layout,
  readRecord,
  RECORD_VERSION,
  topicOf,
  type Layout,
  type Plan,
  type RunEnd,
} from '@cairn/records'
import type { ControlHost } from './control-host.ts'
import type { RunQueue } from './run-queue.ts'

/** The run of a submission. Recorded under the key of its sender before the run is planned. */
interface Submission {
  readonly v: number
  readonly run: string
  /** Digest of the request. */
  readonly request: string
}

export interface SubmissionRequest {
  readonly pipeline: string
  /** The sender's Idempotency-Key. */
  readonly key: string | undefined
  /** The request, which must be the same for the same key. */
  readonly asked: object
}
export interface Started {
  readonly run: string
  readonly isNew: boolean
}
/** Plans a run with this name. */
type PlanFor = (run: string) => Promise<Plan>

/**
 * Starts one run for each submission. It claims the name of the run first, then makes the plan for that name and claims
 * that: requests with the same key, at the same time or after the first process died, get the same plan.
 */
export class Submissions {
  readonly #host: ControlHost
  readonly #queue: RunQueue
  /** Submissions that are being planned here, so that none is planned twice at a time. */
  readonly #inProgress = new Map<string, Promise<Started>>()

  constructor(host: ControlHost, queue: RunQueue) {
    this.#host = host
    this.#queue = queue
  }

  /** @throws CairnError BAD_PARAMETER if the key was used for another request, or is empty */
  async start({ pipeline, key, asked }: SubmissionRequest, plan: PlanFor): Promise<Started> {
    const at = layout(this.#host.env, pipeline)
    const request = hash('sha256', canonical(asked))
    if (key === undefined) return this.#startNew(at, request, plan)
    if (key.trim() === '')
      throw new CairnError('BAD_PARAMETER', 'the header Idempotency-Key is empty', {
        next: 'send a different key with each request, or leave the header out',
      })
    const id = hash('sha256', key)
    const name = `${at.submission(id)} ${request}`
    const inProgress = this.#inProgress.get(name)
    if (inProgress) return inProgress.then(({ run }) => ({ run, isNew: false }))
    const started = this.#startOnce(at, id, request, plan).finally(() => this.#inProgress.delete(name))
    this.#inProgress.set(name, started)
    return started
  }

  #startNew(at: Layout, request: string, plan: PlanFor): Promise<Started> {
    return this.#admitted(at, async () => {
      const submission = await this.#named(at, request)
      const planned = await this.#planned(at, submission, hash('sha256', randomUUID()), plan)
      await this.#queue.start(planned)
      return { run: planned.run, isNew: true }
    })
  }

  /** Acknowledged runs are never refused later: only requests without a plan need admission to the queue. */
  async #startOnce(at: Layout, id: string, request: string, plan: PlanFor): Promise<Started> {
    const before = await readRecord<Submission>(this.#host.store, at.submission(id))
    const isPlanned = before !== undefined && (await this.#host.store.stat(at.plan(before.run))) !== undefined
    const start = () => this.#startNamed(at, id, request, plan, before)
    return isPlanned ? start() : this.#admitted(at, start)
  }

  async #admitted(at: Layout, start: () => Promise<Started>): Promise<Started> {
    const release = await this.#queue.admit(at.pipeline)
    try {
      return await start()
    } finally {
      release()
    }
  }

  async #startNamed(
    at: Layout,
    id: string,
    request: string,
    plan: PlanFor,
    before: Submission | undefined,
  ): Promise<Started> {
    const { store } = this.#host
    const path = at.submission(id)
    const mine = before ? undefined : await this.#named(at, request)
    const submission = before ?? (await claim(store, path, mine!))
    if (submission.request !== request) throw await this.#usedBefore(at, submission)
    const isNew = submission.run === mine?.run
    const planned = await this.#planned(at, submission, id, plan)
    // The first response may have been lost, or the process may have died before it started the run.
    const hasEnded = !isNew && (await readRecord<RunEnd>(store, at.runEnd(planned.run))) !== undefined
    if (!hasEnded) await this.#queue.start(planned)
    return { run: planned.run, isNew }
  }

  async #usedBefore(at: Layout, { run }: Submission): Promise<CairnError> {
    const isPlanned = (await this.#host.store.stat(at.plan(run))) !== undefined
    const what = isPlanned ? `which started run ${run}` : 'which was refused or has not been planned yet'
    return new CairnError('BAD_PARAMETER', `the idempotency key was already used for another request, ${what}`, {
      next: 'send another key',
    })
  }

  async #named(at: Layout, request: string): Promise<Submission> {
    const { run } = await nextRun(this.#host.store, at, this.#host.clock.now())
    return { v: RECORD_VERSION, run, request }
  }

  /** The one plan of a submission: the existing one, or a new one unless another process was faster. */
  async #planned(at: Layout, { run }: Submission, id: string, plan: PlanFor): Promise<Plan> {
    const { store } = this.#host
    for (let place = 1; ; place++) {
      // Names are random: if another submission has this one, all planners of this submission take the next.
      const name = place === 1 ? run : `${run}-${place}`
      const planned = (await readRecord<Plan>(store, at.plan(name))) ?? (await this.#claim(at, await plan(name), id))
      if ((planned.submission ?? id) !== id) continue
      this.#host.planSigning.require(planned)
      return planned
    }
  }

  async #claim(at: Layout, plan: Plan, submission: string): Promise<Plan> {
    requireStored(plan)
    requireOwnTopic(plan)
    await this.#host.prepare(plan.pipeline)
    const whole: Plan = { ...plan, submission, ...(this.#queue.isLimited(plan.pipeline) && { queued: true }) }
    return claim<Plan>(this.#host.store, at.plan(plan.run), this.#host.planSigning.sign(whole))
  }
}

/** @throws CairnError BAD_DEFINITION for a pipeline whose topic would be the control topic */
function requireOwnTopic(plan: Plan): void {
  if (topicOf(plan) === controlTopicOf(plan))
    throw new CairnError(
      'BAD_DEFINITION',
      `pipeline ${plan.pipeline} cannot run on services: its name is reserved for the control topic`,
      {
        next: 'give it another name',
      },
    )
}

/** @throws CairnError BAD_DEFINITION for code that only exists in the process that planned the run */
function requireStored({ steps }: Plan): void {
  for (const [name, { code }] of Object.entries(steps))
    if ('inline' in code)
      throw new CairnError('BAD_DEFINITION', `${name} cannot run on services: ${code.inline}`, {
        next: 'export it from a module',
      })
}
