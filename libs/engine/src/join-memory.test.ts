import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('./join-memory.fixture.ts', import.meta.url))
const heapOfJoin = (items: number) =>
  Number(execFileSync(process.execPath, ['--expose-gc', '--no-warnings', MAIN, String(items)], { encoding: 'utf8' }))

it('joins 20,000 items within the heap that 2,000 need', () => {
  const [few, many] = [heapOfJoin(2_000), heapOfJoin(20_000)]
  expect(few).toBeGreaterThan(0)
  expect(many).toBeLessThan(few + 500_000)
})
