// Steps whose duration is a parameter, and which print a line when they start, so that tests can cause faults
// meanwhile.
import { list, step } from '@cairn/kernel'
import { bytes, json } from '@cairn/kinds'
import { z } from 'zod'

const Int = json<number>()
/** Version of the deployed code. A test increments it. */
const VERSION = 1

async function work(ms: number, signal: AbortSignal): Promise<void> {
  console.log('at work')
  await new Promise<void>((done) => {
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), done()))
  })
}

export const draw = step('draw', {
  params: z.object({ seed: z.number().int(), items: z.number().int(), sheetBytes: z.number().int(), ms: z.number() }),
  outputs: { items: list(Int), sheet: bytes() },
  async run(_, { seed, items, sheetBytes, ms }, { signal }) {
    await work(ms, signal)
    return {
      items: Array.from({ length: items }, (_, index) => seed * 1000 + index),
      sheet: Buffer.alloc(sheetBytes, `sheet ${seed} `),
    }
  },
})

export const score = step('score', {
  inputs: { n: Int },
  params: z.object({ ms: z.number() }),
  outputs: { n: Int, trail: bytes() },
  async run({ n }, { ms }, { signal }) {
    await work(ms, signal)
    return { n: n * 2, trail: Buffer.alloc(6_000, `trail ${n} `) }
  },
})

export const total = step('total', {
  inputs: { scores: list(Int), trails: list(bytes()), sheet: bytes() },
  params: z.object({ ms: z.number() }),
  outputs: { n: Int, page: bytes() },
  async run({ scores, trails, sheet }, { ms }, { signal }) {
    await work(ms, signal)
    let n = sheet.length
    for await (const trail of trails) n += trail.length
    for await (const score of scores) n += score
    return { n, page: Buffer.alloc(9_000, `page ${n} `) }
  },
})

export const report = step('report', {
  inputs: { n: Int, page: bytes() },
  outputs: { text: json<{ readonly n: number; readonly version: number }>() },
  run: ({ n }) => ({ text: { n, version: VERSION } }),
})
