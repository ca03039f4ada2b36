import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('./join-memory.fixture.ts', import.meta.url))
const heapOfJoin = (items: number) =>
  Number(execFileSync(process.execPath, ['--expose-gc', '--no-warnings', MAIN, String(items)], { encoding: 'utf8' }))

/** The heap's own noise: what is compiled, and when. 25 bytes for each item more; a kept item is at least 200. */
const NOISE = 2_000_000

it('joins 100,000 items within the heap that 20,000 need', () => {
  const [few, many] = [heapOfJoin(20_000), heapOfJoin(100_000)]
  expect(few).toBeGreaterThan(0)
  expect(many).toBeLessThan(few + NOISE)
})
