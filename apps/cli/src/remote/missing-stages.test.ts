import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MissingStageWatch } from './missing-stages.ts'

describe('while a run is followed, the watch for missing stages', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const watch = (steps: () => Promise<readonly string[]> = async () => []) => {
    const reported: string[] = []
    let checks = 0
    const check = () => (checks++, steps())
    const stages = new MissingStageWatch(5_000, check, (step) => reported.push(step))
    return { stages, reported, checks: () => checks }
  }

  it('does not check for stages while events arrive', async () => {
    const { stages, checks } = watch()
    for (let event = 0; event < 100; event++) {
      await vi.advanceTimersByTimeAsync(4_999)
      stages.onEvent()
    }
    stages.end()
    await vi.runAllTimersAsync()
    expect(checks()).toBe(0)
  })

  it('checks at growing intervals without events, and starts over after an event', async () => {
    const { stages, checks } = watch()
    await vi.advanceTimersByTimeAsync(5_000 + 10_000 + 20_000 + 39_999)
    expect(checks()).toBe(3)
    stages.onEvent()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(checks()).toBe(4)
    stages.end()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('reports a missing stage once, and again if it returned in between', async () => {
    let missing = ['load', 'sum']
    const { stages, reported } = watch(async () => missing)
    await vi.advanceTimersByTimeAsync(5_000 + 10_000)
    expect(reported).toEqual(['load', 'sum'])
    missing = ['sum']
    await vi.advanceTimersByTimeAsync(20_000)
    missing = ['load', 'sum']
    await vi.advanceTimersByTimeAsync(40_000)
    expect(reported).toEqual(['load', 'sum', 'load'])
    stages.end()
  })

  it('reports nothing after the run has ended', async () => {
    const answer = Promise.withResolvers<string[]>()
    const { stages, reported, checks } = watch(() => answer.promise)
    await vi.advanceTimersByTimeAsync(5_000)
    stages.end()
    answer.resolve(['load'])
    await vi.runAllTimersAsync()
    expect([reported, checks()]).toEqual([[], 1])
  })
})
