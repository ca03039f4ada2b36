import { expect, it } from 'vitest'
import { isInside } from './is-inside.ts'

it.each([
  ['/project', true],
  ['/project/data.csv', true],
  ['/project/..data/x', true],
  ['/project/a/../b', true],
  ['/project/..', false],
  ['/project/../other', false],
  ['/projectshop', false],
  ['/', false],
])('%s is inside /project: %s', (path, isThere) => {
  expect(isInside(path, '/project')).toBe(isThere)
})
