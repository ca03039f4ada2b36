import { expect, it } from 'vitest'
import { RequestRefused } from './problem.ts'
import { Queue } from './queue.ts'

it('limits concurrency, keeps the order, and refuses the excess with Retry-After', async () => {
  const queue = new Queue(2, 2)
  const works = Array.from({ length: 5 }, () => Promise.withResolvers<number>())
  const begun: number[] = []
  const done = works.map((work, at) =>
    queue.run('read', () => {
      begun.push(at)
      return work.promise
    }),
  )
  const refused = await done[4]!.catch((error: unknown) => error as RequestRefused)
  expect(refused).toBeInstanceOf(RequestRefused)
  expect(refused).toMatchObject({ problem: { status: 429 }, headers: { 'retry-after': '1' } })
  expect(begun).toEqual([0, 1])
  works[1]!.reject(new Error('it failed'))
  await expect(done[1]).rejects.toThrow('it failed')
  await expect.poll(() => begun).toEqual([0, 1, 2])
  for (const at of [0, 2, 3]) works[at]!.resolve(at)
  expect(await Promise.all([done[0], done[2], done[3]])).toEqual([0, 2, 3])
  expect(await queue.run('write', async () => 9)).toBe(9)
})

it('serves writing requests in every second place, and never refuses them because of reading ones', async () => {
  const queue = new Queue(1, 3)
  const begun: string[] = []
  const first = Promise.withResolvers<void>()
  const done = [queue.run('read', () => first.promise)]
  for (const name of ['read 1', 'read 2', 'read 3']) done.push(queue.run('read', async () => void begun.push(name)))
  for (const name of ['write 1', 'write 2']) done.push(queue.run('write', async () => void begun.push(name)))
  await expect(queue.run('read', async () => {})).rejects.toBeInstanceOf(RequestRefused)
  first.resolve()
  await Promise.all(done)
  expect(begun).toEqual(['write 1', 'read 1', 'write 2', 'read 2', 'read 3'])
})
