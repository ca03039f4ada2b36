import { describe, expect, it } from 'vitest'
import { json } from '../simulation/pipelines.ts'
import { CairnError, pipeline, step } from '@cairn/kernel'
import type { Policies } from '@cairn/kernel/contract'
import { compute } from './compute.ts'
import { Example } from './example.fixture.ts'
import { SingleFlight } from './single-flight.ts'
import { AlreadyEnded } from './interruptions.ts'
import { Leases } from './lease.ts'
import {
  claim,
  type PlannedStepNode,
  type ArtifactStore,
  type AttemptRecord,
  type Checkpoint,
  type EndRecord,
} from '@cairn/records'
import type { Computed, Job } from './job.ts'

const Int = json<number>()
type Outputs = { readonly n: typeof Int }

/** A run of one step, `guess`, whose body throws these errors, one a call, before it gives 1. */
async function guessing(policies: Policies<Outputs, never> = {}, errors: readonly unknown[] = [], n = 1) {
  const waiting = [...errors]
  const body = () => {
    const error = waiting.shift()
    if (error !== undefined) throw error
    return { n }
  }
  const guess = step('guess', { ...policies, outputs: { n: Int }, run: body })
  const example = new Example(pipeline('guesses', () => guess({})))
  const cancel = new AbortController()
  const run = await example.active(cancel)
  const host = example.host()
  const job: Job = {
    host,
    leases: new Leases(host),
    singleFlight: new SingleFlight(),
    run,
    task: 'guess',
    node: run.plan.nodes['guess'] as PlannedStepNode,
    step: run.plan.steps['guess']!,
    cached: true,
  }
  let computed: Computed
  return {
    example,
    job,
    cancel,
    /** Computes its only item and returns the outcome. */
    outcome: async () => {
      computed = await example.settle(compute(job, [{ index: 0, inputs: {}, key: 'key' }]))
      return computed.outcomes.get(0)
    },
    computed: () => computed,
    checkpoint: () => example.record<Checkpoint>(example.at.checkpoint('guess', 'key')),
    attempts: () => example.store.children(example.at.attempts('run')),
    /** That a host began the task, and that no later event came. */
    begunBy: (name: string, attempt: number) => {
      const record: AttemptRecord = { v: 1, startedAt: 0, host: name }
      return claim(example.store, example.at.attempt('run', 'guess', attempt), record)
    },
  }
}
const named = (name: string) => Object.assign(new Error(`this is ${name}`), { name })

describe('computing a task', () => {
  it('stores the outputs of the body, and a checkpoint of them', async () => {
    const { outcome, checkpoint } = await guessing()
    const n = { text: '1' }
    expect(await outcome()).toMatchObject({ status: 'completed', how: 'computed', key: 'key', outputs: { n } })
    expect(await checkpoint()).toMatchObject({ step: 'guess', key: 'key', outputs: { n }, producer: { run: 'run' } })
  })

  it('counts an attempt in the store before the body runs, for a later host', async () => {
    const { example, job, outcome, attempts } = await guessing()
    const counted: string[][] = []
    const { compute: inner } = job.host
    const watched = { run: (...given: Parameters<typeof inner.run>) => (note(), inner.run(...given)) }
    const note = () => counted.push([...example.files.keys()].filter((path) => path.includes('/attempts/')))
    Object.assign(job, { host: { ...job.host, compute: watched } })
    await outcome()
    expect(counted).toEqual([[example.at.attempt('run', 'guess', 1)]])
    expect(await attempts()).toHaveLength(1)
  })

  it('fails without another attempt if no retry is declared', async () => {
    const { outcome, computed, checkpoint } = await guessing({}, [new Error('no idea')])
    expect(await outcome()).toMatchObject({ status: 'failed', error: { message: 'no idea' } })
    expect(computed()).toMatchObject({ attempts: 1, failures: [] })
    expect(await checkpoint()).toBeUndefined()
  })

  it('retries as often as declared, with waits that double up to a maximum', async () => {
    const errors = ['one', 'two', 'three', 'four'].map((message) => new Error(message))
    const retry = { times: 4, backoff: 100, maxBackoff: 500 }
    const { example, computed, outcome } = await guessing({ retry }, errors)
    expect(await outcome()).toMatchObject({ status: 'completed' })
    const times = example.calls.map(({ at }) => at - example.calls[0]!.at)
    expect(times).toEqual([0, 100, 300, 700, 1_200])
    expect(computed().attempts).toBe(5)
    expect(computed().failures.map(({ message }) => message)).toEqual(['one', 'two', 'three', 'four'])
    const failed = example.published.filter(({ type }) => type === 'cairn.attempt-failed')
    expect(failed.map(({ data }) => [data.attempt, data.error!.message])).toEqual([
      [1, 'one'],
      [2, 'two'],
      [3, 'three'],
      [4, 'four'],
    ])
  })

  it('retries only after the errors that the retry names', async () => {
    const retry = { times: 5, backoff: 1, on: ['Busy'] }
    const { outcome, example } = await guessing({ retry }, [named('Busy'), named('Broken'), named('Busy')])
    expect(await outcome()).toMatchObject({ status: 'failed', error: { message: 'this is Broken' } })
    expect(example.calls).toHaveLength(2)
  })

  it.each(['CORRUPT', 'MISSING_SECRET', 'BAD_OUTPUT'] as const)('does not retry after %s', async (code) => {
    const { outcome, example } = await guessing({ retry: { times: 5 } }, [new CairnError(code, 'as before')])
    expect(await outcome()).toMatchObject({ status: 'failed', error: { code } })
    expect(example.calls).toHaveLength(1)
  })

  it('falls back once every attempt has failed, and keeps no checkpoint of that', async () => {
    const fallback = (error: Error) => ({ n: error.message.length })
    const { outcome, example, checkpoint } = await guessing({ retry: { times: 1, backoff: 1 }, catch: fallback }, [
      new Error('no'),
      new Error('never'),
    ])
    expect(await outcome()).toMatchObject({ status: 'completed', how: 'caught', outputs: { n: { text: '5' } } })
    expect(example.calls).toHaveLength(3)
    expect(await checkpoint()).toBeUndefined()
  })

  /** Has the store of a job's host do one thing otherwise. */
  const withStore = ({ job, example }: Awaited<ReturnType<typeof guessing>>, other: Partial<ArtifactStore>) =>
    void Object.assign(job, { host: { ...job.host, store: { ...example.store, ...other } } })
  const large = 'x'.repeat(5_000) as never

  it('stores the outputs once, however often the checkpoint is retried', async () => {
    const guess = await guessing({}, [], large)
    const { put, create } = guess.example.store
    const stored: string[] = []
    let tries = 0
    withStore(guess, {
      put: (path, content) => (stored.push(path), put(path, content)),
      create: (path, bytes) =>
        path.includes('/checkpoints/') && ++tries < 3
          ? Promise.reject(new Error('away for a moment'))
          : create(path, bytes),
    })
    expect(await guess.outcome()).toMatchObject({ status: 'completed' })
    expect([stored.length, tries]).toEqual([1, 3])
  })

  it('fails a body at once whose file was modified while it was stored', async () => {
    const guess = await guessing({ retry: { times: 5 } }, [], large)
    let tries = 0
    withStore(guess, { put: () => (tries++, Promise.reject(new CairnError('BAD_OUTPUT', 'still written to'))) })
    expect(await guess.outcome()).toMatchObject({ status: 'failed', error: { message: 'still written to' } })
    expect([guess.example.calls.length, tries]).toEqual([1, 1])
    expect(await guess.checkpoint()).toBeUndefined()
  })

  it('does not wait for a retry once the run is cancelled', async () => {
    const { outcome, example, cancel } = await guessing({ retry: { times: 5, backoff: '1h' } }, [new Error('no')])
    const before = example.clock.now()
    example.onEvent = ({ type }) => {
      if (type === 'cairn.attempt-failed') cancel.abort(new CairnError('CANCELLED', 'the run was cancelled'))
    }
    expect(await outcome()).toMatchObject({ status: 'cancelled' })
    expect(example.clock.now()).toBe(before)
    expect(example.calls).toHaveLength(1)
  })
})

describe('computing a task that another host has started', () => {
  it('is the next attempt', async () => {
    const { outcome, computed, begunBy, attempts } = await guessing()
    await begunBy('one that died', 1)
    expect(await outcome()).toMatchObject({ status: 'completed' })
    expect(computed().attempts).toBe(2)
    expect(await attempts()).toHaveLength(2)
  })

  it('is given up if it took down every host that started it', async () => {
    const { outcome, example, begunBy } = await guessing()
    for (const attempt of [1, 2, 3]) await begunBy(`victim ${attempt}`, attempt)
    expect(await outcome()).toMatchObject({
      status: 'failed',
      error: {
        code: 'STEP_CRASHED',
        message: 'guess was started 3 times and never finished: the process or machine stopped each time',
      },
    })
    expect(example.calls).toEqual([])
  })

  it('is given up without further attempts, even if retries are declared', async () => {
    const { outcome, example, begunBy, attempts } = await guessing({ retry: { times: 2, backoff: '1h' } })
    for (const attempt of [1, 2, 3, 4, 5]) await begunBy(`victim ${attempt}`, attempt)
    const before = example.clock.now()
    expect(await outcome()).toMatchObject({ status: 'failed', error: { code: 'STEP_CRASHED' } })
    expect(await attempts()).toHaveLength(6)
    expect(example.clock.now()).toBe(before)
    expect(example.published.filter(({ type }) => type === 'cairn.attempt-failed')).toEqual([])
  })

  it('uses the recorded end, if there is one by now', async () => {
    const { outcome, example, begunBy } = await guessing()
    await begunBy('a faster one', 1)
    const end: EndRecord = {
      v: 1,
      status: 'failed',
      items: [],
      counts: {},
      attempts: 1,
      startedAt: 0,
      endedAt: 0,
      host: 'a faster one',
    }
    await claim(example.store, example.at.end('run', 'guess'), end)
    const error: unknown = await outcome().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(AlreadyEnded)
    expect(error).toMatchObject({ end })
    expect(example.calls).toEqual([])
  })

  it('does not count an attempt that the store failed', async () => {
    const { outcome, job, attempts, example } = await guessing()
    const create = (path: string, bytes: Uint8Array) =>
      path.includes('/checkpoints/')
        ? Promise.reject(new Error('the store is away'))
        : example.store.create(path, bytes)
    Object.assign(job, { host: { ...job.host, store: { ...example.store, create } } })
    await expect(outcome()).rejects.toThrow('the store is away')
    expect(await attempts()).toEqual([])
  })
})
