import { expect, it } from 'vitest'
import { Lru } from './lru.ts'

const of = (lru: Lru<string>, name: string) => lru.get(name, async () => `made anew: ${name}`)

it('creates a value once for concurrent requests', async () => {
  let made = 0
  const lru = new Lru<number>(2)
  const make = async () => ++made
  expect(await Promise.all([lru.get('a', make), lru.get('a', make)])).toEqual([1, 1])
  expect(await lru.get('a', make)).toBe(1)
})

it('creates a value again after a failure', async () => {
  const lru = new Lru<string>(2)
  await expect(lru.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await lru.get('a', async () => 'now')).toBe('now')
})

it('evicts the oldest beyond its limit', async () => {
  const lru = new Lru<string>(2)
  for (const name of ['a', 'b', 'c']) await lru.set(name, Promise.resolve(name))
  expect(await Promise.all([of(lru, 'c'), of(lru, 'b')])).toEqual(['c', 'b'])
  expect(await of(lru, 'a')).toBe('made anew: a')
})

it('evicts the least recently used', async () => {
  const lru = new Lru<string>(2)
  for (const name of ['a', 'b']) await lru.set(name, Promise.resolve(name))
  expect(await of(lru, 'a')).toBe('a')
  await lru.set('c', Promise.resolve('c'))
  expect(await of(lru, 'a')).toBe('a')
  expect(await of(lru, 'b')).toBe('made anew: b')
})

it('evicts the oldest beyond its weight limit, but never the newest', async () => {
  const lru = new Lru<string>(10, ({ length }) => length)
  for (const text of ['four', 'three', 'one']) await lru.set(text, Promise.resolve(text))
  expect(await Promise.all([of(lru, 'one'), of(lru, 'three')])).toEqual(['one', 'three'])
  expect(await of(lru, 'four')).toBe('made anew: four')
  await lru.set('x', Promise.resolve('x'.repeat(99)))
  expect(await of(lru, 'x')).toHaveLength(99)
  expect(await of(lru, 'three')).toBe('made anew: three')
})

it('weighs a replacement instead of the replaced value', async () => {
  const lru = new Lru<string>(10, ({ length }) => length)
  for (let count = 0; count < 20; count++) await lru.set('same', Promise.resolve('x'.repeat(5)))
  await lru.set('other', Promise.resolve('other'))
  expect(await of(lru, 'same')).toBe('xxxxx')
})
