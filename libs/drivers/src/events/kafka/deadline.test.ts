import { expect, it } from 'vitest'
import { within } from './deadline.ts'

const never = new Promise<never>(() => {})

it('resolves with the result, or rejects with what took too long or had no time left', async () => {
  await expect(within(60_000, Promise.resolve(1), 'sending')).resolves.toBe(1)
  await expect(within(1.4, never, 'sending to a topic')).rejects.toThrow('sending to a topic took longer than 1 ms')
  await expect(within(-4841, never, 'sending to a topic')).rejects.toThrow('no time was left for sending to a topic')
})
