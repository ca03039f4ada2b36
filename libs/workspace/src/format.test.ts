import { expect, it } from 'vitest'
import type { ArtifactRef } from '@cairn/kernel'
import { artifact, bytes } from './format.ts'

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

it.each([
  [{ rows: 1, columns: 1 }, '1 row, 1 column'],
  [{ rows: 0, columns: 2 }, '0 rows, 2 columns'],
  [{ items: 1 }, '1 item'],
  [{ bytes: 1_500 }, '1.50 kB'],
  [{ rows: 'many', auc: 0.5 }, 'rows many, auc 0.5'],
])('the summary %j is shown as %s', (summary, text) => {
  expect(artifact({ summary } as unknown as ArtifactRef)).toBe(text)
})
