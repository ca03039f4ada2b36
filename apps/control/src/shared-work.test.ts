import { expect, it } from 'vitest'
import { SharedWork } from './shared-work.ts'

function shared() {
  const begun: { readonly name: string; readonly end: PromiseWithResolvers<number> }[] = []
  const work = new SharedWork<number>()
  const ask = (name: string) =>
    work.do(name, () => {
      const end = Promise.withResolvers<number>()
      begun.push({ name, end })
      return end.promise
    })
  return { begun, ask }
}

it('is done once for concurrent requests, and once more for all requests that arrive during it', async () => {
  const { begun, ask } = shared()
  const first = Array.from({ length: 150 }, () => ask('a'))
  await expect.poll(() => begun.length).toBe(1)
  const others = Array.from({ length: 150 }, () => ask('a'))
  begun[0]!.end.resolve(1)
  expect(new Set(await Promise.all(first))).toEqual(new Set([1]))
  await expect.poll(() => begun.length).toBe(2)
  begun[1]!.end.resolve(2)
  expect(new Set(await Promise.all(others))).toEqual(new Set([2]))
  expect(begun).toHaveLength(2)
})

it('is started again after all requests were answered', async () => {
  const { begun, ask } = shared()
  for (const value of [1, 2]) {
    const given = ask('a')
    await expect.poll(() => begun.length).toBe(value)
    begun.at(-1)!.end.resolve(value)
    expect(await given).toBe(value)
  }
  expect(begun).toHaveLength(2)
})

it('fails the requests that waited for it, and is done again for later ones', async () => {
  const { begun, ask } = shared()
  const first = ask('a')
  await expect.poll(() => begun.length).toBe(1)
  const second = ask('a')
  begun[0]!.end.reject(new Error('the store is away'))
  await expect(first).rejects.toThrow('the store is away')
  await expect.poll(() => begun.length).toBe(2)
  begun[1]!.end.resolve(2)
  expect(await second).toBe(2)
})

it('of another name runs in parallel', async () => {
  const { begun, ask } = shared()
  void ask('a')
  const other = ask('b')
  await expect.poll(() => begun.length).toBe(2)
  begun[1]!.end.resolve(7)
  expect(await other).toBe(7)
})
