import { describe, expect, it } from 'vitest'
import { violations, simulate, type Scenario } from './simulate.ts'

/** The number of simulations: all of them in CI; elsewhere, enough to find most mistakes within seconds. */
const SIMULATIONS = Number(process.env['CAIRN_SIMULATIONS'] ?? (process.env['CI'] ? 3_000 : 300))
/** Time limit for a test in ms, more than any machine should need. */
const DEADLINE = 1_200_000
const FIRST_SEED = Number(process.env['CAIRN_SEED'] ?? 1)

/** Runs simulations with consecutive seeds. A failure names its seed, with which it can be repeated exactly. */
async function play(count: number, scenario: Omit<Scenario, 'seed'>): Promise<void> {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + count; seed++) {
    const ending = await simulate({ ...scenario, seed })
    const wrong = violations(ending, { ...scenario, seed })
    expect(wrong, `seed ${seed} (CAIRN_SEED=${seed} CAIRN_SIMULATIONS=1 replays it)`).toEqual([])
    if (scenario.faults === 0 && !scenario.cancel && !scenario.stages)
      for (const [key, times] of ending.computed)
        expect(times, `seed ${seed}: key ${key} was computed ${times} times`).toBe(1)
  }
}

describe('a random pipeline', () => {
  it(
    'ends correctly without faults, and two concurrent runs compute each key once',
    () => play(SIMULATIONS / 6, { runs: 2, faults: 0, cancel: false }),
    DEADLINE,
  )

  it(
    'ends correctly despite crashes, lost responses, duplicates, delays and rebalances',
    () => play(SIMULATIONS / 2, { runs: 1, faults: 12, cancel: false }),
    DEADLINE,
  )

  it(
    'ends correctly with faults if two runs share its checkpoints',
    () => play(SIMULATIONS / 6, { runs: 2, faults: 12, cancel: false }),
    DEADLINE,
  )

  it(
    'ends every task if it is cancelled, with faults',
    () => play(SIMULATIONS / 6, { runs: 2, faults: 8, cancel: true }),
    DEADLINE,
  )

  it(
    'ends with correct records, however often processes die',
    () => play(SIMULATIONS / 6, { runs: 2, faults: 40, cancel: false, takeovers: 30 }),
    DEADLINE,
  )

  it(
    'ends correctly with faults on separate hosts for each kind of step, some of them twice',
    () => play(SIMULATIONS / 3, { runs: 1, faults: 12, cancel: false, stages: 3 }),
    DEADLINE,
  )

  it(
    'ends correctly with two concurrent runs on separate hosts, without faults',
    () => play(SIMULATIONS / 6, { runs: 2, faults: 0, cancel: false, stages: 3 }),
    DEADLINE,
  )

  it(
    'ends every task if it is cancelled on separate hosts, with faults',
    () => play(SIMULATIONS / 6, { runs: 2, faults: 8, cancel: true, stages: 3 }),
    DEADLINE,
  )

  it(
    'ends correctly despite forged events',
    () => play(SIMULATIONS / 6, { runs: 2, faults: 0, cancel: false, forged: 30 }),
    DEADLINE,
  )

  it(
    'ends correctly despite forged events on separate hosts, with faults',
    () => play(SIMULATIONS / 3, { runs: 1, faults: 12, cancel: false, stages: 3, forged: 30 }),
    DEADLINE,
  )

  it('repeats the same history from the same seed', async () => {
    const scenario = { seed: 7, runs: 2, faults: 12, cancel: true }
    const [one, two] = [await simulate(scenario), await simulate(scenario)]
    expect(two.steps).toBe(one.steps)
    expect([...two.files.keys()]).toEqual([...one.files.keys()])
  })
})
