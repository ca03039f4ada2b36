import { expect, it } from 'vitest'
import { withPlace } from './place-of-error.ts'

const full = () => Object.assign(new Error('write failed'), { code: 'ENOSPC' })
const at = (error: unknown) => withPlace(error, () => '/scratch') as { path?: string }

it('adds the path to an error about a full disk, also to its causes', () => {
  const cause = full()
  expect(at(new Error('could not export', { cause })).path).toBeUndefined()
  expect(cause).toMatchObject({ path: '/scratch' })
  expect(at(new Error('IO Error: No space left on device')).path).toBe('/scratch')
  expect(at(new Error('another error')).path).toBeUndefined()
})

it('returns errors whose causes form a cycle, and errors that cannot be changed', () => {
  const one = full()
  const other = new Error('other', { cause: one })
  one.cause = other
  expect(at(one).path).toBe('/scratch')
  expect(at(Object.freeze(full())).path).toBeUndefined()
})
