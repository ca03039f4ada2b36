import { expect, it } from 'vitest'
import { isInside } from './is-inside.ts'

it.each([
  ['/work', true],
  ['/work/data.csv', true],
  ['/work/..data/x', true],
  ['/work/a/../b', true],
  ['/work/..', false],
  ['/work/../other', false],
  ['/workshop', false],
  ['/', false],
])('%s is inside /work: %s', (path, isThere) => {
  expect(isInside(path, '/work')).toBe(isThere)
})
