import fc from 'fast-check'
import { expect, test } from 'vitest'
import { binOf, binRows, type Column } from './bins.ts'

const bin = (column: Column, bins = 255) => {
  const { blocks, thresholds } = binRows([column], bins)
  return { bins: Array.from(column, (_, row) => binOf(blocks[0]!, row, 0)), thresholds: [...thresholds[0]!] }
}

test('few distinct values have a bin each, with thresholds half way', () => {
  expect(bin(Int32Array.of(7, 1, 1, 3))).toEqual({ bins: [2, 0, 0, 1], thresholds: [2, 5] })
  expect(bin(Float64Array.of(-0.5, 0.5))).toEqual({ bins: [0, 1], thresholds: [0] })
  expect(bin(Uint8Array.of(4, 4, 4))).toEqual({ bins: [0, 0, 0], thresholds: [] })
})

test('many distinct values share bins of about as many rows', () => {
  const { bins, thresholds } = bin(
    Float32Array.from({ length: 1000 }, (_, i) => (i * 37) % 1000),
    10,
  )
  expect(thresholds).toEqual([99.5, 199.5, 299.5, 399.5, 499.5, 599.5, 699.5, 799.5, 899.5])
  expect(bins.filter((bin) => bin === 3)).toHaveLength(100)
})

test('a value that fills many bins takes none from the others', () => {
  const column = Float32Array.from({ length: 1000 }, (_, i) => Math.max(0, i - 900))
  const { bins } = bin(column, 11)
  expect(bins.filter((bin) => bin === 0)).toHaveLength(901)
  for (let b = 1; b <= 10; b++) expect(bins.filter((bin) => bin === b).length).toBeGreaterThan(8)
})

test('missing values have the last bin, of their own', () => {
  expect(bin(Float64Array.of(NaN, 1, 2))).toEqual({ bins: [2, 0, 1], thresholds: [1.5, 3.4028234663852886e38] })
  expect(bin(Float32Array.of(NaN, NaN)).bins).toEqual([1, 1])
})

test('bins respect float32, down to adjacent values', () => {
  const next = Math.fround(1 + 2 ** -23)
  expect(bin(Float64Array.of(1, next, 1 + 2 ** -30))).toEqual({ bins: [0, 1, 0], thresholds: [1] })
})

test('many rows are cut by a sample of them', () => {
  const column = Float32Array.from({ length: 500_000 }, (_, i) => (i * 7919) % 500_000)
  const counts = new Uint32Array(4)
  for (const b of bin(column, 4).bins) counts[b]!++
  for (const count of counts) expect(count / 125_000).toBeCloseTo(1, 1)
})

const number = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.float(),
  fc.constantFrom(NaN, Infinity, -Infinity, 3.4028234663852886e38),
)

test('the bin of a value is the count of thresholds that are not at least the value', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(number, number, number), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 2, max: 9 }),
      fc.integer({ min: 1, max: 11 }),
      (rows, bins, count) => {
        const columns = Array.from({ length: count }, (_, j) => Float64Array.from(rows, (row) => row[j % 3]!))
        const { thresholds, blocks } = binRows(columns, bins)
        for (const [feature, column] of columns.entries()) {
          const cuts = [...thresholds[feature]!]
          expect(cuts).toEqual(cuts.toSorted((a, b) => a - b))
          expect(new Set(cuts).size).toBe(cuts.length)
          expect(cuts.length).toBeLessThanOrEqual(bins)
          expect(cuts.every(Number.isFinite)).toBe(true)
          for (const [row, value] of column.entries())
            expect(binOf(blocks[feature >> 3]!, row, feature & 7)).toBe(
              cuts.filter((cut) => !(Math.fround(value) <= cut)).length,
            )
        }
      },
    ),
  )
})
