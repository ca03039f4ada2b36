import { expect, it } from 'vitest'
import { Recent } from './recent.ts'

const of = (recent: Recent<string>, name: string) => recent.get(name, async () => `made anew: ${name}`)

it('makes a value once, however many ask at a time', async () => {
  let made = 0
  const recent = new Recent<number>(2)
  const make = async () => ++made
  expect(await Promise.all([recent.get('a', make), recent.get('a', make)])).toEqual([1, 1])
  expect(await recent.get('a', make)).toBe(1)
})

it('makes a value again that could not be made', async () => {
  const recent = new Recent<string>(2)
  await expect(recent.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await recent.get('a', async () => 'now')).toBe('now')
})

it('forgets the oldest when there are more than its limit', async () => {
  const recent = new Recent<string>(2)
  for (const name of ['a', 'b', 'c']) await recent.set(name, Promise.resolve(name))
  expect(await Promise.all([of(recent, 'c'), of(recent, 'b')])).toEqual(['c', 'b'])
  expect(await of(recent, 'a')).toBe('made anew: a')
})

it('forgets the oldest when they weigh more than its limit, but never the newest', async () => {
  const recent = new Recent<string>(10, ({ length }) => length)
  for (const text of ['four', 'three', 'one']) await recent.set(text, Promise.resolve(text))
  expect(await Promise.all([of(recent, 'one'), of(recent, 'three')])).toEqual(['one', 'three'])
  expect(await of(recent, 'four')).toBe('made anew: four')
  await recent.set('x', Promise.resolve('x'.repeat(99)))
  expect(await of(recent, 'x')).toHaveLength(99)
  expect(await of(recent, 'three')).toBe('made anew: three')
})

it('weighs what takes the place of a value, and no longer what it replaces', async () => {
  const recent = new Recent<string>(10, ({ length }) => length)
  for (let count = 0; count < 20; count++) await recent.set('same', Promise.resolve('x'.repeat(5)))
  await recent.set('other', Promise.resolve('other'))
  expect(await of(recent, 'same')).toBe('xxxxx')
})
