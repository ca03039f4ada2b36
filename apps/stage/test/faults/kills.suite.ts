import { expect, it } from 'vitest'
import { ROUNDS, type Case } from './cases.fixture.ts'
import { type Point } from './world.fixture.ts'

/** Each mix kills the process of every step, each at another point. */
const MIXES: readonly Readonly<Record<string, Point>>[] = [
  { draw: 'event received', score: 'computing', total: 'objects stored', report: 'event published' },
  { draw: 'uploading', score: 'checkpoint stored', total: 'end recorded', report: 'event received' },
  { draw: 'end recorded', score: 'event published', total: 'computing', report: 'checkpoint stored' },
]

/** The expected record of a task whose host died once, by the point where it died. */
const AFTER: Readonly<Record<Exclude<Point, 'uploading'>, readonly [attempts: number, how: string]>> = {
  'event received': [1, 'computed'],
  computing: [2, 'computed'],
  'objects stored': [2, 'computed'],
  'checkpoint stored': [0, 'reused'],
  'end recorded': [1, 'computed'],
  'event published': [1, 'computed'],
}
type PlainPoint = keyof typeof AFTER
const DEADLIEST: readonly PlainPoint[] = ['computing', 'checkpoint stored', 'end recorded', 'event published']

export function kills(theWorld: Case): void {
  it.each(MIXES)('completes each run after kill -9 at %o', async (mix) => {
    const world = theWorld()
    for (let round = 0; round < ROUNDS; round++) {
      const before = new Map(Object.keys(mix).map((step) => [step, world.replica(step).ends.length]))
      for (const [step, point] of Object.entries(mix)) world.arm(step, point)
      const inParts = mix['draw'] === 'uploading' ? { sheetBytes: 40 << 20 } : {}
      const large = await world.submit(world.fresh(inParts))
      const slow = await world.submit(world.fresh({ drawMs: 100, scoreMs: 100, totalMs: 100 }))
      expect(await world.untilEnded([large, slow])).toEqual({ [large]: 'completed', [slow]: 'completed' })
      for (const step of Object.keys(mix)) {
        expect(world.reached(step), `${step} died: ${mix[step]}`).toBe(true)
        expect(world.replica(step).ends.slice(before.get(step))).toEqual(['SIGKILL'])
      }
    }
  })

  it.each(ROUNDS > 1 ? (Object.keys(AFTER) as PlainPoint[]) : DEADLIEST)(
    'commits an offset only after everything that follows from its event is durable: killed at "%s"',
    async (point) => {
      const world = theWorld()
      const places = await world.kafka.follow(world.topic)
      world.arm('draw', point)
      const run = await world.submit(world.fresh({ drawMs: 300 }))
      await world.until(`draw died: ${point}`, () => world.reached('draw'))
      const { partition, offset } = await world.until('the event is found', () => places.get(`${run}/run-started`))
      // No other member can have committed yet, because the session of the dead member has not expired.
      expect((await world.progress('draw')).get(partition)!.committed).toBeLessThanOrEqual(offset)
      expect(await world.untilEnded([run])).toEqual({ [run]: 'completed' })
      const { attempts, items } = await world.end(run, 'draw')
      expect([attempts, items[0]?.status === 'completed' && items[0].how]).toEqual(AFTER[point])
      await world.until(
        'it is committed',
        async () => (await world.progress('draw')).get(partition)!.committed > offset,
      )
    },
  )

  it('fails a task, with the reason, if every attempt kills its host', async () => {
    const world = theWorld()
    const run = await world.submit(world.fresh({ drawMs: 500 }))
    const ended = () => world.received.has(`${run}/run-ended`)
    for (let deaths = 0; !ended(); deaths++) {
      world.arm('draw', 'computing')
      await world.until('draw dies, or gives up', () => world.reached('draw') || ended())
    }
    world.disarm('draw')
    const draw = await world.end(run, 'draw')
    expect(draw).toMatchObject({ status: 'failed', attempts: 4 })
    expect(draw.items[0]).toMatchObject({ error: { code: 'STEP_CRASHED' } })
    expect((await world.end(run, 'total')).status).toBe('blocked')
  })
}
