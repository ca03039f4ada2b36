import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MissingStageWatch } from './missing-stages.ts'

/** A run that is followed, of which something is heard only when a test says so. */
describe('while a run is followed, its stages', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const watch = (steps: () => Promise<readonly string[]> = async () => []) => {
    const told: string[] = []
    let looks = 0
    const look = () => (looks++, steps())
    const stages = new MissingStageWatch(5_000, look, (step) => told.push(step))
    return { stages, told, looks: () => looks }
  }

  it('are not looked for as long as something is heard', async () => {
    const { stages, looks } = watch()
    for (let event = 0; event < 100; event++) {
      await vi.advanceTimersByTimeAsync(4_999)
      stages.onEvent()
    }
    stages.end()
    await vi.runAllTimersAsync()
    expect(looks()).toBe(0)
  })

  it('are looked for ever more rarely while nothing is heard, and from the start again after that', async () => {
    const { stages, looks } = watch()
    await vi.advanceTimersByTimeAsync(5_000 + 10_000 + 20_000 + 39_999)
    expect(looks()).toBe(3)
    stages.onEvent()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(looks()).toBe(4)
    stages.end()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('are told once where they are missing, and once more if they were there meanwhile', async () => {
    let missing = ['load', 'sum']
    const { stages, told } = watch(async () => missing)
    await vi.advanceTimersByTimeAsync(5_000 + 10_000)
    expect(told).toEqual(['load', 'sum'])
    missing = ['sum']
    await vi.advanceTimersByTimeAsync(20_000)
    missing = ['load', 'sum']
    await vi.advanceTimersByTimeAsync(40_000)
    expect(told).toEqual(['load', 'sum', 'load'])
    stages.end()
  })

  it('are not told of once it has ended, though control answers only then', async () => {
    const answer = Promise.withResolvers<string[]>()
    const { stages, told, looks } = watch(() => answer.promise)
    await vi.advanceTimersByTimeAsync(5_000)
    stages.end()
    answer.resolve(['load'])
    await vi.runAllTimersAsync()
    expect([told, looks()]).toEqual([[], 1])
  })
})
