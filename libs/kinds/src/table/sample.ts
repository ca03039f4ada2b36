import { relation } from './relation.ts'

/**
 * A condition in SQL that holds for exactly so many rows, always the same: those with the least hashes of their numbers,
 * so that rows which follow a pattern (every fifth is of one fold) are taken as fairly as others.
 *
 * @param row the row's number in SQL, from 0
 */
export async function sampled(row: string, kept: number, of: number): Promise<string> {
  if (kept >= of) return 'true'
  if (kept <= 0) return 'false'
  const { hash, number } = await lastTaken(kept, of)
  return `(${hashOf(row)} < ${hash} or (${hashOf(row)} = ${hash} and ${row} <= ${number}))`
}

/** Bits of a hash that are counted by: so that memory does not grow with the number of rows. */
const COUNTED = 16

/** The last row of the sample, in order of the hashes. */
async function lastTaken(kept: number, of: number): Promise<{ hash: number; number: number }> {
  const numbers = `(select range as number, ${hashOf('range')} as hash from range(${of}))`
  const high = `(hash >> ${32 - COUNTED})`
  const counts = await rows<{ high: number; n: number }>(
    `(select ${high}::bigint as high, count(*)::bigint as n from ${numbers} group by all order by all)`,
  )
  let before = 0
  const reached = counts.find(({ n }) => (before += n) >= kept)!
  const rank = kept - (before - reached.n)
  const [last] = await rows<{ hash: number; number: number }>(
    `(select hash::bigint as hash, number::bigint as number from ${numbers} where ${high} = ${reached.high}
      order by hash, number limit 1 offset ${rank - 1})`,
  )
  return last!
}

/** 32 bits in which every bit of the number counts: https://github.com/skeeto/hash-prospector (lowbias32). */
function hashOf(row: string): string {
  const number = `(${row})::ubigint`
  const folded = `xor(${number} & ${MASK}, ((${number} >> 32) * 2654435769) & ${MASK})`
  const step = (x: string, shift: number, factor: number) => `((xor(${x}, ${x} >> ${shift}) * ${factor}) & ${MASK})`
  const mixed = step(step(folded, 16, 0x7feb352d), 15, 0x846ca68b)
  return `xor(${mixed}, ${mixed} >> 16)`
}
const MASK = '4294967295::ubigint'

function rows<R extends Record<string, number>>(text: string): Promise<R[]> {
  return relation({ relation: 'serial', text: () => text }).toArray()
}
