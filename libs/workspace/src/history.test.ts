import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { History } from './history.ts'

describe('the history of how long steps took', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cairn-history-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const open = () => new History(join(folder, 'history.json'))
  const of = (...times: number[]) => {
    const history = open()
    for (const ms of times) history.add('flights', 'train', ms)
    return history
  }

  it('knows nothing of a step that has not run', () => {
    const history = open()
    expect([history.isEmpty, history.expected('flights', 'train'), history.longest('flights', 'train')]).toEqual([
      true,
      undefined,
      undefined,
    ])
  })

  it.each([
    [[7], 7, 7],
    [[100, 9, 10], 10, 100],
    [[1.234_56], 1.23, 1.23],
    [[100, 1, 1, 1], 1, 100],
  ])('expects of %j the median, and knows the longest', (times, ms, longest) => {
    const history = of(...times)
    expect(history.expected('flights', 'train')).toEqual({ ms, runs: times.length })
    expect(history.longest('flights', 'train')).toBe(longest)
  })

  it('forgets all but the last five runs', () => {
    const history = of(900, 800, 10, 20, 30, 40, 50)
    expect(history.expected('flights', 'train')).toEqual({ ms: 30, runs: 5 })
    expect(history.longest('flights', 'train')).toBe(50)
  })

  it('distinguishes steps of the same name in two pipelines', () => {
    const history = of(10)
    history.add('penguins', 'train', 99)
    expect([history.longest('flights', 'train'), history.longest('penguins', 'train')]).toEqual([10, 99])
    expect(history.expected('flights', 'load')).toBeUndefined()
  })

  it('is available in the next process, once saved', () => {
    const history = of(10, 20)
    expect(open().isEmpty).toBe(true)
    history.save()
    expect([open().isEmpty, open().longest('flights', 'train')]).toEqual([false, 20])
  })
})
