/**
 * Creates a generator of uniform numbers in [0, 1) with 53 random bits, determined by the seed (xoshiro128**,
 * https://prng.di.unimi.it).
 *
 * @param seed at least 32 hex digits
 */
export function seededRandom(seed: string): () => number {
  let [a, b, c, d] = [0, 8, 16, 24].map((at) => Number.parseInt(seed.slice(at, at + 8), 16) | 0) as [
    number,
    number,
    number,
    number,
  ]
  if ((a | b | c | d) === 0) a = 1 // the generator would stay at zero for ever
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9)
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotate(d, 11)
    return result >>> 0
  }
  return () => ((next() >>> 5) * 67_108_864 + (next() >>> 6)) / 9_007_199_254_740_992
}

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by))
}
