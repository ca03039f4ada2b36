import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { missing, readEnded, type EndedRun } from '../faults/invariants.fixture.ts'
import type { RunRequest } from '@cairn/workspace'
import type { World } from '../faults/world.fixture.ts'
import { refusal } from './answers.fixture.ts'
import type { Soaked } from './faults.fixture.ts'

const IN_FLIGHT = 5
const LARGE_BYTES = 36 << 20
const AGAIN_MS = 1_000
const LOOK_MS = 2_000
const PATIENCE_MS = 400_000

/**
 * Keeps several runs in progress, submitted by this process or through control, and cancels some. Returns the number of
 * failed submissions.
 */
export async function bringWork(soaked: Soaked, isOver: () => boolean): Promise<number> {
  const { world, dice } = soaked
  const { random, between } = dice
  const inFlight = new Set<string>()
  let refused = 0
  const stop = world.onEvent(({ type, data }) => type === 'cairn.run-ended' && inFlight.delete(data.run))
  while (!isOver()) {
    await world.until('there is room', () => inFlight.size < IN_FLIGHT, PATIENCE_MS)
    const request = world.fresh({
      items: Math.ceil(between(0, 8)),
      sheetBytes: random() < 0.03 ? LARGE_BYTES : 20_000,
      drawMs: between(0, 300),
      scoreMs: between(0, 300),
      totalMs: random() < 0.1 ? 5_000 : between(0, 500),
    })
    try {
      const run = random() < 0.3 ? await byControl(soaked, request) : await world.submit(request)
      if (!world.received.has(`${run}/run-ended`)) inFlight.add(run)
      if (random() < 0.15) void sleep(between(0, 4_000)).then(() => world.cancel(run).catch(() => {}))
    } catch {
      refused++
      await sleep(AGAIN_MS)
    }
  }
  stop()
  return refused
}

/** Submits a run through control. Repeats the request with the same Idempotency-Key until control answers. */
async function byControl({ world, wrong }: Soaked, request: RunRequest): Promise<string> {
  const key = randomUUID()
  for (const deadline = performance.now() + PATIENCE_MS; ;) {
    const run = await world.submitByControl(request, key).catch(refusal(wrong))
    if (run !== undefined) return run
    if (performance.now() > deadline) throw new Error(`control did not answer to ${key}`)
    await sleep(AGAIN_MS)
  }
}

/** Reads the records of each run as soon as it is complete, because a collection may remove them later. */
export class EndedRuns {
  readonly found = new Map<string, EndedRun>()
  readonly #world: World
  readonly #pending = new Set<string>()
  readonly #stop: () => void
  #isOver = false
  readonly #reading: Promise<void>

  constructor(world: World) {
    this.#world = world
    this.#stop = world.onEvent(({ type, data }) => void (type === 'cairn.run-ended' && this.#pending.add(data.run)))
    this.#reading = this.#read()
  }

  /**
   * Waits until all submitted runs have ended and were read. Does not fail if a run was not read within `patienceMs`,
   * for example because it was collected first: the check of the invariants reports it.
   */
  async untilAll(patienceMs: number): Promise<void> {
    const { submitted } = this.#world
    await this.#world.untilEnded(submitted.keys(), patienceMs)
    const isRead = () => [...submitted.keys()].every((run) => this.found.has(run))
    await this.#world.until('each run was read', isRead, patienceMs).catch(() => {})
  }

  /** Stops. Resolves after a last attempt to read the runs that have ended. */
  async close(): Promise<void> {
    this.#isOver = true
    await this.#reading
    this.#stop()
  }

  async #read(): Promise<void> {
    for (let isLast = false; !isLast; await sleep(LOOK_MS)) {
      isLast = this.#isOver
      for (const run of this.#pending) await this.#readOne(run).catch(() => {}) // retried in the next round
    }
  }

  async #readOne(run: string): Promise<void> {
    const plan = this.#world.submitted.get(run)
    if (!plan) return
    const ended = await readEnded(this.#world, run)
    if (!ended.end || missing(plan, ended).length > 0) return // the tasks of a cancelled run end after it
    this.found.set(run, ended)
    this.#pending.delete(run)
  }
}
