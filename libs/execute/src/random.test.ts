import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { seededRandom } from './random.ts'

const seed = (text: string) => createHash('sha256').update(text).digest('hex')
const draw = (random: () => number, count: number) => Array.from({ length: count }, random)

it('draws the same numbers from the same seed, and others from another', () => {
  expect(draw(seededRandom(seed('a')), 100)).toEqual(draw(seededRandom(seed('a')), 100))
  expect(draw(seededRandom(seed('a')), 4)).not.toEqual(draw(seededRandom(seed('b')), 4))
})

it('is stable, because checkpoints depend on it', () => {
  const numbers = draw(seededRandom('00000001000000020000000300000004'), 3)
  // xoshiro128** from the state 1, 2, 3, 4 begins 11520, 0, 5927040, 70819200 (reference implementation).
  const pairs: [number, number][] = [
    [11520, 0],
    [5927040, 70819200],
  ]
  expect(numbers.slice(0, 2)).toEqual(
    pairs.map(([high, low]) => ((high >>> 5) * 67_108_864 + (low >>> 6)) / 9_007_199_254_740_992),
  )
})

it('draws uniformly from [0, 1), also from a seed of zeros', () => {
  for (const from of [seed('x'), '0'.repeat(64)]) {
    const numbers = draw(seededRandom(from), 20_000)
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01)
  }
})
