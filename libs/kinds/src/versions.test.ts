import { expect, test } from 'vitest'
import { bytes } from './bytes.ts'
import { file } from './file.ts'
import { json } from './json.ts'
import { metrics } from './metrics.ts'
import { table } from './table/table.ts'
import { artifactFolder } from './testing.ts'

// What a kind writes for a value is part of every key in which its version counts. Where a digest here changes, raise
// the kind's `version`, or results of before are taken for those of now.
const WRITTEN = {
  json: [2, '6b75cfd0'],
  metrics: [2, '7408bc85'],
  table: [2, '5dfb43a7'],
  file: [1, '4a99557e'],
  bytes: [1, 'a12871fe'],
} as const

test('the bytes of a kind change only with its version', async () => {
  using folder = artifactFolder()
  const digest = async (kind: { readonly version: number }, value: unknown) => [
    kind.version,
    (await folder.write(kind as never, value)).ref.digest.slice(0, 8),
  ]
  const All = table([
    ['b', 'bool'],
    ['n', 'int32?'],
    ['big', 'bigint'],
    ['f', 'float64|nan'],
    ['s', 'string'],
    ['d', 'date'],
    ['1', 'timestamp'],
  ])
  const row = { b: true, big: 2n ** 62n, f: -0, s: 'é', d: '2001-07-03', '1': new Date(1) }
  expect({
    json: await digest(json(), { b: [-0, 1e21, 'é', null], a: true }),
    metrics: await digest(metrics(), { zero: -0, by: { june: 0.1 } }),
    table: await digest(All, [
      { ...row, n: null },
      { ...row, n: 1, f: NaN },
    ]),
    file: await digest(file('txt'), { text: 'é' }),
    bytes: await digest(bytes(), Uint8Array.of(1, 2)),
  }).toEqual(WRITTEN)
})
