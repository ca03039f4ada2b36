import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'

type Digests = Record<'same' | 'filtered' | 'means' | 'counts', Record<string, string>>
/** Threads, and memory: with little of it tables spill to disk. */
const SETTINGS = [
  ['1', '1GB'],
  ['2', '1GB'],
  ['4', '150MB'],
]
let digests: Digests[]

beforeAll(async () => {
  const fixture = join(import.meta.dirname, 'determinism.fixture.ts')
  const run = (settings: string[]) => promisify(execFile)(process.execPath, [fixture, ...settings])
  digests = (await Promise.all(SETTINGS.map(run))).map(({ stdout }) => JSON.parse(stdout) as Digests)
})

test('the same rows give the same bytes, wherever they come from and on any number of threads', () => {
  const found = digests.flatMap(({ same }) => Object.entries(same))
  expect(found).toEqual(found.map(([from]) => [from, found[0]![1]]))
})

test('rows in vectors of any size are split into the same row groups', () => {
  const found = digests.flatMap(({ filtered }) => Object.entries(filtered))
  expect(found).toEqual(found.map(([from]) => [from, found[0]![1]]))
})

test('means of floats are the same in processes with other settings', () => {
  expect(new Set(digests.map(({ means }) => means['query'])).size).toBe(1)
})

test('exact, ordered queries return the same in parallel', () => {
  expect(new Set(digests.flatMap(({ counts }) => Object.values(counts))).size).toBe(1)
})
