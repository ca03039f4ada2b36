import { relation } from './relation.ts'

/**
 * An SQL condition that is true for exactly `kept` of `of` rows, always the same ones: those whose row numbers have the
 * smallest hashes. So a pattern in the rows (for example, every fifth belongs to one fold) does not bias the sample.
 *
 * @param row an SQL expression for the number of the row, from 0
 */
export async function sampled(row: string, kept: number, of: number): Promise<string> {
  if (kept >= of) return 'true'
  if (kept <= 0) return 'false'
  const { hash, number } = await lastTaken(kept, of)
  return `(${hashOf(row)} < ${hash} or (${hashOf(row)} = ${hash} and ${row} <= ${number}))`
}

/** The bits of a hash by which rows are counted. Limited, so that memory does not grow with the number of rows. */
const COUNTED = 16

/** The last row of the sample, in the order of the hashes. */
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

/** A 32-bit hash that depends on every bit of the number: https://github.com/skeeto/hash-prospector (lowbias32). */
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
