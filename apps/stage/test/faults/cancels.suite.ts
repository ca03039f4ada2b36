import { expect, it } from 'vitest'
import type { Case } from './cases.fixture.ts'

const RACES = Number(process.env['CAIRN_FAULT_RACES'] ?? 20)
/**
 * Moments of the cancel: at the beginning, in the middle and at the end. The first is always early enough, the last
 * always too late.
 */
const WHEN: readonly (readonly [type: string, task: string, settings?: object])[] = [
  ['attempt-started/1', 'draw', { drawMs: 120_000 }],
  ['completed', 'draw'],
  ['attempt-started/1', 'total'],
  ['attempt-started/1', 'report'],
  ['completed', 'report'],
  ['attempt-started/1', 'draw'],
  ['completed', 'draw'],
  ['attempt-started/1', 'total'],
  ['completed', 'report'],
  ['run-ended', ''],
]
const AT_ONCE = WHEN.length

export function cancels(theWorld: Case): void {
  it(`lets the first record win if cancel and completion race (${RACES} races)`, async () => {
    const world = theWorld()
    const outcomes: string[] = []
    for (let raced = 0; raced < RACES; raced += AT_ONCE) {
      const race = Array.from({ length: AT_ONCE }, async (_, index) => {
        const [type, task, settings = {}] = WHEN[index]!
        const run = await world.submit(world.fresh({ items: 2, ...settings }))
        await world.untilHeard(run, type, task)
        await new Promise((later) => setTimeout(later, index * (raced % 40)))
        const told = await world.cancel(run)
        const ended = (await world.untilHeard(run, 'run-ended')).data.status!
        expect(ended).toBe(told.status)
        return ended
      })
      outcomes.push(...(await Promise.all(race)))
    }
    console.log(
      `of ${RACES} races, ${outcomes.filter((status) => status === 'cancelled').length} were won by the cancel`,
    )
    expect(new Set(outcomes)).toEqual(new Set(['cancelled', 'completed']))
  })

  it('cancels a running computation while its partition is paused', async () => {
    const world = theWorld()
    // As many runs as a stage handles at once. Later events wait, until so many wait that the partition is paused.
    const runs: string[] = []
    for (let count = 0; count < 16; count++) runs.push(await world.submit(world.fresh({ drawMs: 120_000, items: 1 })))
    await world.until('draw is at work', () => runs.some((run) => world.received.has(`${run}/draw/attempt-started/1`)))
    const atWork = runs.find((run) => world.received.has(`${run}/draw/attempt-started/1`))!
    const { event } = world.received.get(`${atWork}/draw/attempt-started/1`)!
    const error = { code: 'STEP_FAILED' as const, message: 'x'.repeat(95_000) }
    const filler = Array.from({ length: 130 }, (_, index) => {
      const attempt = 1_000 + index
      const id = `${atWork}/draw/attempt-failed/${attempt}`
      return { ...event, id, type: 'cairn.attempt-failed' as const, data: { ...event.data, attempt, error } }
    })
    for (const one of filler) await world.bus.publish(world.topic, [one])
    await world.until('it is all there', () => world.received.has(filler.at(-1)!.id))
    const partition = async () =>
      Math.max(...[...(await world.progress('draw')).values()].map(({ committed, end }) => end - committed))
    expect(await partition()).toBeGreaterThan(60)
    const asked = performance.now()
    await world.cancel(atWork)
    await world.untilHeard(atWork, 'cancelled', 'draw')
    console.log(`cancelled after ${Math.round(performance.now() - asked)} ms, ${await partition()} events behind`)
    for (const run of runs) if (run !== atWork) await world.cancel(run)
    expect(new Set(Object.values(await world.untilEnded(runs)))).toEqual(new Set(['cancelled']))
  })
}
