import { describe, expect, it } from 'vitest'
import { complaints, simulate, type Story } from './simulate.ts'

/** The number of simulations: all of them in CI; elsewhere, enough to find most mistakes within seconds. */
const STORIES = Number(process.env['CAIRN_STORIES'] ?? (process.env['CI'] ? 3_000 : 300))
/** Time limit for a test in ms, more than any machine should need. */
const DEADLINE = 1_200_000
const FIRST_SEED = Number(process.env['CAIRN_SEED'] ?? 1)

/** Runs simulations with consecutive seeds. A failure names its seed, with which it can be repeated exactly. */
async function play(count: number, story: Omit<Story, 'seed'>): Promise<void> {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + count; seed++) {
    const ending = await simulate({ ...story, seed })
    const wrong = complaints(ending, { ...story, seed })
    expect(wrong, `seed ${seed} (CAIRN_SEED=${seed} CAIRN_STORIES=1 replays it)`).toEqual([])
    if (story.faults === 0 && !story.cancel && !story.stages)
      for (const [key, times] of ending.computed)
        expect(times, `seed ${seed}: key ${key} was computed ${times} times`).toBe(1)
  }
}

describe('a random pipeline', () => {
  it(
    'ends correctly without faults, and two concurrent runs compute each key once',
    () => play(STORIES / 6, { runs: 2, faults: 0, cancel: false }),
    DEADLINE,
  )

  it(
    'ends correctly despite crashes, lost responses, duplicates, delays and rebalances',
    () => play(STORIES / 2, { runs: 1, faults: 12, cancel: false }),
    DEADLINE,
  )

  it(
    'ends correctly with faults if two runs share its checkpoints',
    () => play(STORIES / 6, { runs: 2, faults: 12, cancel: false }),
    DEADLINE,
  )

  it(
    'ends every task if it is cancelled, with faults',
    () => play(STORIES / 6, { runs: 2, faults: 8, cancel: true }),
    DEADLINE,
  )

  it(
    'ends with correct records, however often processes die',
    () => play(STORIES / 6, { runs: 2, faults: 40, cancel: false, takeovers: 30 }),
    DEADLINE,
  )

  it(
    'ends correctly with faults on separate hosts for each kind of step, some of them twice',
    () => play(STORIES / 3, { runs: 1, faults: 12, cancel: false, stages: 3 }),
    DEADLINE,
  )

  it(
    'ends correctly with two concurrent runs on separate hosts, without faults',
    () => play(STORIES / 6, { runs: 2, faults: 0, cancel: false, stages: 3 }),
    DEADLINE,
  )

  it(
    'ends every task if it is cancelled on separate hosts, with faults',
    () => play(STORIES / 6, { runs: 2, faults: 8, cancel: true, stages: 3 }),
    DEADLINE,
  )

  it(
    'ends correctly despite forged events',
    () => play(STORIES / 6, { runs: 2, faults: 0, cancel: false, forged: 30 }),
    DEADLINE,
  )

  it(
    'ends correctly despite forged events on separate hosts, with faults',
    () => play(STORIES / 3, { runs: 1, faults: 12, cancel: false, stages: 3, forged: 30 }),
    DEADLINE,
  )

  it('repeats the same history from the same seed', async () => {
    const story = { seed: 7, runs: 2, faults: 12, cancel: true }
    const [one, two] = [await simulate(story), await simulate(story)]
    expect(two.steps).toBe(one.steps)
    expect([...two.files.keys()]).toEqual([...one.files.keys()])
  })
})
