import { expect, it } from 'vitest'
import { bytes } from './format.ts'

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_500, '1.50 kB'],
  [999_499, '999 kB'],
  [999_600, '1.00 MB'],
  [12_345_678, '12.3 MB'],
  [999_999_999_999, '1.00 TB'],
  [1e15, '1000 TB'],
])('%d bytes are shown as %s', (count, text) => {
  expect(bytes(count)).toBe(text)
})
