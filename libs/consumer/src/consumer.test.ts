import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { folderStore } from '@cairn/drivers/store/folder'
import { each, list, pipeline, step, type Kind, type Pipeline, type Step } from '@cairn/kernel'
import { layout, promotedEvent, topicOf, type CairnEvent, type Subscription } from '@cairn/records'
import { z } from 'zod'
import { seenIn } from './seen.ts'
import { consumer, type Promotion, type SubscriptionOptions } from './consumer.ts'
import { ENV, json, runsHere, text, type RunsHere } from './runs.fixture.ts'
import type { StageEvent } from './stage-event.ts'

const Int = json(z.int())
const LONG = 'a word '.repeat(2_000)
const gates = new Map<string, PromiseWithResolvers<void>>()

const count = step('count', {
  params: z.object({ to: z.int().default(3) }),
  outputs: { numbers: list(Int), to: Int },
  run: (_, { to }) => ({ numbers: Array.from({ length: to }, (_, index) => index), to }),
})
const paths: Kind<string, string> = { ...text, decode: (artifact) => artifact.path() }
const note = step('note', { outputs: { file: paths }, run: () => ({ file: 'short' }) })
const square = step('square', {
  inputs: { n: Int },
  outputs: { squared: Int },
  run: ({ n }) => {
    if (n === 2) throw new Error('two is refused')
    return { squared: n * n }
  },
})
const report = step('report', {
  inputs: { to: Int },
  params: z.object({ waitFor: z.string().default('') }),
  outputs: { total: Int, letter: text },
  run: async ({ to }, { waitFor }) => {
    await gates.get(waitFor)?.promise
    return { total: to * 10, letter: LONG }
  },
})

const reporting = pipeline('reporting', () => report({ to: count({}).to }))
const noting = pipeline('noting', () => note({}))
const squares = pipeline('squares', () =>
  each(count({}).numbers, (n) => square({ n }), { batch: 2, tolerate: { items: 1 } }),
)
const failing = pipeline('failing', () => square({ n: count({}).to }))

describe('a consumer', () => {
  let runs: RunsHere
  beforeEach(() => (runs = runsHere()))
  afterEach(() => {
    runs.remove()
    gates.clear()
  })

  const FIRST = { group: 'first', from: 'beginning' } as const
  /** Subscribes, and collects the events that it receives. */
  const listen = async <S extends Step>(step: S, options: SubscriptionOptions = {}, of: Pipeline = reporting) => {
    const received: StageEvent<S>[] = []
    const listener = consumer(runs, FIRST)
    await listener.subscribe(of, step, (event) => void received.push(event), options)
    const until = (many: number) => vi.waitUntil(() => received.length >= many, { interval: 2, timeout: 300_000 })
    return { received, until, runs: () => received.map(({ run }) => run), close: listener.close }
  }

  it('receives how a step ended, when and where', async () => {
    const { received, until } = await listen(report)
    const run = await runs.run(reporting)
    await until(1)
    const event = received[0]!
    expect(event).toMatchObject({ type: 'completed', env: ENV, pipeline: 'reporting', run, node: 'report' })
    expect(event.batch).toBeUndefined()
    expect(event.error).toBeUndefined()
    const published = runs.events.find(({ type, data }) => type === 'cairn.completed' && data.step === 'report')!
    expect(event).toMatchObject({ id: published.id, at: new Date(published.time), headers: published.headers })
  })

  it('reads the requested outputs of a step, and nothing else', async () => {
    const fetched = vi.spyOn(runs.store, 'fetch')
    const { received, until } = await listen(report)
    await runs.run(reporting)
    await until(1)
    const { total, letter } = await received[0]!.outputs()
    expect(total).toBe(30)
    expect(fetched).not.toHaveBeenCalled()
    expect(await letter()).toBe(LONG)
    expect(fetched).toHaveBeenCalledOnce()
  })

  it('opens only the outputs that it names', async () => {
    const opened = vi.spyOn(text, 'decode')
    const { received, until } = await listen(report)
    await runs.run(reporting)
    await until(1)
    expect(await received[0]!.outputs('total')).toEqual({ total: 30 })
    expect(opened).not.toHaveBeenCalled()
    opened.mockRestore()
    const wrong = received[0]!.outputs('totl' as never)
    await expect(wrong).rejects.toMatchObject({ code: 'NOT_FOUND', next: 'did you mean "total"?' })
  })

  it('reports an artifact that a collection has removed', async () => {
    const { received, until } = await listen(report)
    const run = await runs.run(reporting)
    await until(1)
    for await (const { path } of runs.store.list(`${ENV}/reporting/objects/`)) await runs.store.remove(path)
    const { letter } = await received[0]!.outputs()
    await expect(letter()).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining(run) })
  })

  it('reads outputs from a folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cairn-consumer-store-'))
    runs = runsHere(folderStore(folder))
    const { received, until } = await listen(report)
    await runs.run(reporting)
    await until(1)
    expect(await (await received[0]!.outputs('letter')).letter()).toBe(LONG)
    rmSync(folder, { recursive: true, force: true })
  })

  it('receives each batch of an each, with its items in order and without failed ones', async () => {
    const { received, until } = await listen(square, { on: 'completed' }, squares)
    const failed = await listen(square, { on: 'failed' }, squares)
    await runs.run(squares, { 'count.to': 5 })
    await until(2)
    await failed.until(1)
    const items = await Promise.all(
      received.map(async (event) => [event.batch, await Array.fromAsync(event.items(), ({ squared }) => squared)]),
    )
    expect(Object.fromEntries(items)).toEqual({ 0: [0, 1], 2: [16] })
    const [second] = failed.received
    expect(second).toMatchObject({ batch: '1', type: 'failed' })
    expect(await Array.fromAsync(second!.items())).toEqual([{ squared: 9 }])
    expect(await second!.outputs()).toEqual({ squared: 9 })
  })

  it('receives failures with the reason and without outputs', async () => {
    const { received, until } = await listen(square, { on: 'failed' }, failing)
    const run = await runs.run(failing, { 'count.to': 2 })
    await until(1)
    expect(received[0]!.error).toEqual({ code: 'STEP_FAILED', message: 'two is refused' })
    await expect(received[0]!.outputs()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `${layout(ENV, 'failing').end(run, 'square')} has no outputs: cairn.failed`,
    })
  })

  it.each([
    [{ grup: 'notify' }, 'unknown option "grup" of ', 'did you mean "group"?'],
    [{ from: 'start' }, 'option "from" of ', "it must be 'beginning', 'now', or { time: <milliseconds since 1970> }"],
    [{ from: { time: 'now' } }, 'option "from" of ', undefined],
    [{ group: '' }, 'option "group" of ', undefined],
    [{ concurrency: 0 }, 'option "concurrency" of ', 'it must be an integer of at least 1'],
    [{ seen: new Set([1]).size }, 'option "seen" of ', undefined],
    [{ onPoison: 'log' }, 'option "onPoison" of ', 'it must be a function'],
  ])('refuses unknown options and invalid values: %j', async (wrong, message, next) => {
    const refused = {
      code: 'BAD_DEFINITION',
      message: expect.stringContaining(message) as string,
      ...(next !== undefined && { next }),
    }
    expect(() => consumer(runs, { group: 'g', from: 'now', ...wrong } as never)).toThrow(
      expect.objectContaining(refused),
    )
    const listening = consumer(runs, { group: 'g', from: 'now' })
    await expect(listening.subscribe(reporting, report, () => {}, wrong as never)).rejects.toMatchObject(refused)
    await expect(listening.onPromoted(reporting, () => {}, wrong as never)).rejects.toMatchObject(refused)
    await expect(listening.subscribe(reporting, report, () => {}, { on: 'done' } as never)).rejects.toMatchObject({
      message: expect.stringContaining('option "on" of the subscription to report') as string,
    })
    await listening.close()
  })

  it('refuses a step that the pipeline does not have, with the nearest name', async () => {
    const unknown = step('reprot', { outputs: { n: Int }, run: () => ({ n: 1 }) })
    await expect(consumer(runs, FIRST).subscribe(reporting, unknown, () => {})).rejects.toMatchObject({
      message: 'pipeline reporting has no step "reprot"',
      next: 'did you mean "report"?',
    })
  })

  describe('that starts', () => {
    it('from the beginning, receives everything that is still stored', async () => {
      const before = [await runs.run(reporting), await runs.run(reporting)]
      const late = await listen(report)
      await late.until(2)
      expect(late.runs()).toEqual(before)
    })

    it('from now, receives only new events', async () => {
      await runs.run(reporting)
      const late = await listen(report, { from: 'now' })
      const run = await runs.run(reporting)
      await late.until(1)
      expect(late.runs()).toEqual([run])
    })

    it('from a time, receives events since then', async () => {
      await runs.run(reporting)
      const before = Date.now()
      await vi.waitUntil(() => Date.now() > before, 300_000)
      const time = Date.now()
      const run = await runs.run(reporting)
      const late = await listen(report, { from: { time } })
      await late.until(1)
      expect(late.runs()).toEqual([run])
    })

    it('in the middle of a run, or again as another group, receives the same events', async () => {
      gates.set('gate', Promise.withResolvers())
      const { ended } = await runs.start(reporting, { 'report.waitFor': 'gate' })
      const during = await listen(count)
      const first = await listen(report)
      gates.get('gate')!.resolve()
      await ended
      await Promise.all([during.until(1), first.until(1)])
      const again = await listen(report, { group: 'again' })
      await again.until(1)
      expect(again.received[0]!.id).toBe(first.received[0]!.id)
      expect([...during.received, ...first.received].map(({ id }) => id)).toEqual([
        'run-1/count/completed',
        'run-1/report/completed',
      ])
    })
  })

  describe('whose handler rejects', () => {
    it('receives the event again, with the same id', async () => {
      const ids: string[] = []
      const done = Promise.withResolvers<void>()
      await consumer(runs, FIRST).subscribe(reporting, report, async ({ id }) => {
        if (ids.push(id) < 3) throw new Error('not yet')
        done.resolve()
      })
      await runs.run(reporting)
      await done.promise
      expect(ids).toEqual(Array.from({ length: 3 }, () => 'run-1/report/completed'))
    })

    it('gives up the event after a few deliveries, only for its own group, and continues', async () => {
      const dead: string[] = []
      const received: string[] = []
      const other = await listen(report, { group: 'other' })
      const onPoison = ({ id }: CairnEvent) => void dead.push(id)
      await consumer(runs, { ...FIRST, onPoison }).subscribe(reporting, report, async ({ run }) => {
        if (run === 'run-1') throw new Error('never')
        received.push(run)
      })
      await runs.run(reporting)
      await runs.run(reporting)
      await vi.waitUntil(() => received.length === 1 && dead.length === 1, 300_000)
      expect({ dead, received }).toEqual({ dead: ['run-1/report/completed'], received: ['run-2'] })
      await other.until(2)
      expect(other.runs()).toEqual(['run-1', 'run-2'])
    })
  })

  describe('as a member of a group', () => {
    it('continues where the group stopped', async () => {
      const before = await listen(report)
      await runs.run(reporting)
      await before.until(1)
      await before.close()
      await runs.run(reporting)
      const after = await listen(report)
      await after.until(1)
      expect([...before.runs(), ...after.runs()]).toEqual(['run-1', 'run-2'])
    })

    it('receives the current event again if it was closed before its handler resolved', async () => {
      const begun = Promise.withResolvers<void>()
      const dies = consumer(runs, FIRST)
      await dies.subscribe(reporting, report, async () => {
        begun.resolve()
        throw new Error('the process is going down')
      })
      await runs.run(reporting)
      await begun.promise
      await dies.close()
      const after = await listen(report)
      await after.until(1)
      expect(after.runs()).toEqual(['run-1'])
    })

    it('receives every step and type that it subscribes to, whatever other members subscribe to', async () => {
      const received: string[] = []
      const listener = consumer(runs, FIRST)
      await listener.subscribe(failing, count, ({ id }) => void received.push(id))
      await listener.subscribe(failing, square, ({ id }) => void received.push(id))
      await listener.subscribe(failing, square, ({ id }) => void received.push(id), { on: 'failed' })
      await runs.run(failing, { 'count.to': 1 })
      await runs.run(failing, { 'count.to': 2 })
      await vi.waitUntil(() => received.length === 4, 300_000)
      expect(received.sort()).toEqual([
        'run-1/count/completed',
        'run-1/square/completed',
        'run-2/count/completed',
        'run-2/square/failed',
      ])
    })
  })

  it('waits for running handlers when it closes', async () => {
    const begun = Promise.withResolvers<string>()
    const goOn = Promise.withResolvers<void>()
    const done: string[] = []
    const listener = consumer(runs, FIRST)
    await listener.subscribe(reporting, report, async (event) => {
      begun.resolve(event.id)
      await goOn.promise
      done.push(event.id)
    })
    await runs.run(reporting)
    const id = await begun.promise
    const closed = listener.close().then(() => done.push('closed'))
    goOn.resolve()
    await closed
    expect(done).toEqual([id, 'closed'])
  })

  it('closes a subscription that was still being opened', async () => {
    const opened = Promise.withResolvers<void>()
    const calls: string[] = []
    const subscribe = async () => {
      await opened.promise
      return { close: async () => void calls.push('closed') } as Subscription
    }
    const listener = consumer({ ...runs, bus: { ...runs.bus, subscribe } }, FIRST)
    const opening = listener.subscribe(reporting, report, () => {})
    const closing = listener.close()
    opened.resolve()
    await Promise.all([opening, closing])
    expect(calls).toEqual(['closed'])
  })

  it('provides inline outputs as files until it is closed', async () => {
    const { received, until, close } = await listen(note, {}, noting)
    await runs.run(noting)
    await until(1)
    const { file } = await received[0]!.outputs()
    expect(readFileSync(file, 'utf8')).toBe('short')
    await close()
    expect(existsSync(file)).toBe(false)
  })

  it('receives each change of the production run once', async () => {
    const received: Promotion[] = []
    const listener = consumer(runs, { ...FIRST, seen: seenIn(':memory:') })
    await listener.onPromoted(reporting, (promotion) => void received.push(promotion))
    const at = { env: ENV, pipeline: 'reporting' }
    const [one, two] = [
      promotedEvent(at, { v: 1, run: 'one', since: 1, by: 'ann', from: 'tried' }),
      promotedEvent(at, { v: 1, run: 'two', since: 2, by: 'bob', replaced: 'one' }),
    ]
    await runs.bus.publish(topicOf(at), [one, one, two])
    await vi.waitUntil(() => received.length >= 2, { interval: 2, timeout: 300_000 })
    expect(received).toEqual([
      { id: 'one/promoted/1', ...at, run: 'one', by: 'ann', from: 'tried', previous: undefined, at: new Date(1) },
      { id: 'two/promoted/2', ...at, run: 'two', by: 'bob', from: undefined, previous: 'one', at: new Date(2) },
    ])
    await listener.close()
  })
})
