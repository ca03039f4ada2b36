import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { hostileMessages } from '@cairn/drivers/events/hostile-events.fixture'
import { PIPELINE, STEPS, type World } from './world.fixture.ts'
import type { Case } from './cases.fixture.ts'
import { seeded, shuffled } from './random.fixture.ts'

export function events(theWorld: Case): void {
  it('ignores events that arrive twice, late and in another order', async () => {
    const world = theWorld()
    const random = seeded(7)
    const echoes: Promise<void>[] = []
    const stop = world.onEvent((event) => {
      if (world.received.get(event.id)!.times > 2) return
      echoes.push(
        (async () => {
          await new Promise((later) => setTimeout(later, random() * 1_500))
          await world.bus.publish(world.topic, [event])
        })(),
      )
    })
    const runs: string[] = []
    for (let count = 0; count < 6; count++) runs.push(await world.submit(world.fresh({ scoreMs: 50 })))
    const statuses = await world.untilEnded(runs)
    expect(new Set(Object.values(statuses))).toEqual(new Set(['completed']))
    stop()
    await Promise.all(echoes)
    expect(echoes.length).toBeGreaterThan(100)
    for (const run of runs)
      for (const task of await tasksOf(world, run)) expect((await world.end(run, task)).attempts).toBeLessThan(2)
  })

  it('writes no record and computes nothing when all events are replayed in random order', async () => {
    const world = theWorld()
    const recordsOf = async () => {
      const records: string[] = []
      for await (const { path, modified } of world.store.list(world.at.runs)) records.push(`${path} ${modified}`)
      return records.sort()
    }
    const before = await recordsOf()
    const all = [...world.received.values()].map(({ event }) => event).slice(-400)
    await world.bus.publish(world.topic, shuffled(all, seeded(11)))
    for (const step of STEPS)
      await world.until(`${step} has received it all`, async () => (await world.lag(step)) === 0)
    expect(await recordsOf()).toEqual(before)
  })

  it('writes invalid messages to the dead letters, and continues', async () => {
    const world = theWorld()
    const run = await world.submit(world.fresh({ drawMs: 1_500 }))
    const { event } = await world.until('an event', () =>
      [...world.received.values()].find(({ event }) => event.data.run === run),
    )
    const headers = {
      ce_specversion: '1.0',
      ce_id: 'junk',
      ce_type: 'cairn.completed',
      ce_source: event.source,
      ce_subject: event.subject,
      ce_time: event.time,
      ce_partitionkey: run,
    }
    const data = { ...event.data, node: 'draw' }
    const junk: [value: string | Buffer | null, headers: Record<string, string>][] = [
      ['no JSON', headers],
      [null, headers],
      ['[1, 2]', headers],
      ['{"a":'.repeat(50_000), headers],
      [JSON.stringify(data), {}],
      [JSON.stringify(data), { ...headers, ce_type: 'cairn.exploded' }],
      [JSON.stringify(data), { ...headers, ce_specversion: '9.0' }],
      [JSON.stringify({ ...data, node: 7 }), headers],
      [JSON.stringify(data).replace('{', '{"__proto__":{"polluted":true},'), headers],
      [JSON.stringify({ ...data, counts: { items: 'many' } }), { ...headers, ce_type: 'cairn.ready' }],
      [JSON.stringify(data), Object.fromEntries([...Object.entries(headers), ['__proto__', 'x']])],
      [Buffer.alloc(950_000, 'x'), headers],
      [JSON.stringify({ ...data, run: 'no-such-run' }), headers],
      [JSON.stringify({ ...data, run: '../../etc' }), headers],
      [JSON.stringify({ ...data, run: '' }), headers],
      [JSON.stringify({ ...data, run: 'x'.repeat(5_000) }), headers],
      [JSON.stringify({ ...data, pipeline: '../other' }), headers],
      [JSON.stringify({ ...data, node: 'no-such-node' }), headers],
      [JSON.stringify({ ...data, node: '../../plan' }), headers],
      [JSON.stringify({ ...data, node: 'constructor', batch: '__proto__' }), headers],
    ]
    const pids = STEPS.map((step) => world.replica(step).pid)
    for (const [value, given] of junk) await world.kafka.send(world.topic, run, value, given)
    const next = await world.submit()
    expect(await world.untilEnded([run, next])).toEqual({ [run]: 'completed', [next]: 'completed' })
    for (const step of STEPS) await world.until(`${step} is past it`, async () => (await world.lag(step)) === 0)
    expect(STEPS.map((step) => world.replica(step).pid)).toEqual(pids)
    const letters = await world.bus.deadLetters(world.topic)
    const groups = Map.groupBy(letters, ({ group }) => group)
    for (const step of STEPS) expect(groups.get(world.groupOf(step))?.length, step).toBeGreaterThanOrEqual(14)
  })

  it(
    `completes all runs between ${HOSTILE} hostile messages (seed ${SEED}), of which none blocks a partition`,
    async () => {
      const world = theWorld()
      const pids = STEPS.map((step) => world.replica(step).pid)
      const runs = [await world.submit(world.fresh({ drawMs: 1_000 }))]
      const places = { draw: 'draw', score: 'score', total: 'total', report: 'report', scores: undefined }
      const target = { env: world.env, pipeline: PIPELINE, runs: [...world.submitted.keys()], places }
      const hostile = fc.sample(hostileMessages(target), { seed: SEED, numRuns: HOSTILE })
      for (const { headers } of hostile) world.lies.add(`${String(headers['ce_id'])} ${String(headers['ce_time'])}`)
      // This once blocked a partition: one more message than a stage handles at once.
      const data = { env: world.env, pipeline: PIPELINE, run: 'ä'.repeat(200) }
      const held = Array.from({ length: 17 }, () => ({ ...hostile[0]!, value: Buffer.from(JSON.stringify(data)) }))
      for (let from = 0; from < HOSTILE; from += SENT_AT_ONCE) {
        await world.kafka.sendAll(world.topic, [...held.splice(0), ...hostile.slice(from, from + SENT_AT_ONCE)])
        runs.push(await world.submit())
      }
      expect(new Set(Object.values(await world.untilEnded(runs, PATIENCE_MS)))).toEqual(new Set(['completed']))
      for (const step of STEPS)
        await world.until(`${step} is past it`, async () => (await world.lag(step)) === 0, PATIENCE_MS)
      expect(STEPS.map((step) => world.replica(step).pid)).toEqual(pids)
      for (const step of STEPS) expect(await world.readiness(step)).toMatchObject({ events: 'ok', progress: 'ok' })
      const letters = Map.groupBy(await world.bus.deadLetters(world.topic), ({ group }) => group)
      for (const step of STEPS) expect(letters.get(world.groupOf(step))?.length, step).toBeGreaterThan(HOSTILE / 4)
    },
    2 * PATIENCE_MS,
  )
}

/** Number of hostile messages. For a long test, set `CAIRN_HOSTILE=10000`. */
const HOSTILE = Number(process.env['CAIRN_HOSTILE'] ?? 300)
const SEED = Number(process.env['CAIRN_SEED'] ?? randomInt(1_000_000))
const SENT_AT_ONCE = 500
const PATIENCE_MS = 300_000 + HOSTILE * 100

async function tasksOf({ store, at }: World, run: string): Promise<string[]> {
  return (await store.children(at.ends(run))).map(at.taskOf)
}
