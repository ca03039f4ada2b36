import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { pipeline, step } from '@cairn/kernel'
import { topicOf } from '@cairn/records'
import { z } from 'zod'
import { consumer } from './consumer.ts'
import { json, runsHere, type RunsHere } from './runs.fixture.ts'
import { once, seenIn } from './seen.ts'

const work = step('work', { outputs: { n: json(z.int()) }, run: () => ({ n: 1 }) })
const working = pipeline('working', () => work({}))

describe('events that a consumer has seen', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cairn-seen-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const file = () => join(folder, 'seen.sqlite')

  it('are known to the next process, and to a concurrent one', async () => {
    const seen = seenIn(file())
    expect(seen.has('a')).toBe(false)
    await seen.add('a')
    await seen.add('a')
    expect([seen.has('a'), seenIn(file()).has('a'), seenIn(file()).has('b')]).toEqual([true, true, false])
  })

  it('are handled once, even while the first handler still runs', async () => {
    const goOn = Promise.withResolvers<void>()
    const handled: string[] = []
    const handle = once(seenIn(file()), async ({ id }: { id: string }) => {
      await goOn.promise
      handled.push(id)
    })
    const all = Promise.all([handle({ id: 'a' }), handle({ id: 'a' }), handle({ id: 'b' })])
    goOn.resolve()
    await all
    await handle({ id: 'a' })
    expect(handled.sort()).toEqual(['a', 'b'])
  })

  it('do not include events whose handler rejected', async () => {
    const handler = vi
      .fn<() => Promise<void>>()
      .mockRejectedValueOnce(new Error('not yet'))
      .mockResolvedValue(undefined)
    const handle = once(seenIn(file()), handler)
    await expect(handle({ id: 'a' })).rejects.toThrow('not yet')
    await handle({ id: 'a' })
    await handle({ id: 'a' })
    expect(handler).toHaveBeenCalledTimes(2)
  })

  describe('of a run', () => {
    let runs: RunsHere
    beforeEach(() => (runs = runsHere()))
    afterEach(() => runs.remove())

    /** Receives all events from the beginning, as a separate group, until the last one has arrived. */
    const hearAll = async (group: string, last: string): Promise<string[]> => {
      const received: string[] = []
      const options = { group, from: 'beginning', concurrency: 1, seen: seenIn(file()) } as const
      const listener = consumer(runs, options)
      await listener.subscribe(working, work, ({ id }) => void received.push(id))
      await vi.waitUntil(() => received.includes(last), { interval: 2, timeout: 300_000 })
      await listener.close()
      return received
    }

    it('that arrive twice reach the handler once; after a restart, only new ones do', async () => {
      await runs.run(working)
      const completed = runs.events.find(({ type }) => type === 'cairn.completed')
      await runs.bus.publish(topicOf(completed!.data), [completed!, completed!])
      await runs.run(working)
      expect(await hearAll('first', 'run-2/work/completed')).toEqual(['run-1/work/completed', 'run-2/work/completed'])
      await runs.run(working)
      expect(await hearAll('second', 'run-3/work/completed')).toEqual(['run-3/work/completed'])
    })
  })
})
