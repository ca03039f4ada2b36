/** Hops from one stage to the next in a run. */
export const HOPS = 20

/** What is measured, as someone would write it. */
export const PROJECT = {
  'bench.pipeline.ts': `import { openSync, writeSync, closeSync } from 'node:fs'
import { join } from 'node:path'
import { each, list, pipeline, step } from '@cairn/kernel'
import { file, json } from '@cairn/kinds'
import { z } from 'zod'

const Int = json<number>()
const seeded = { params: z.object({ seed: z.int() }) }

export const start = step('start', { ...seeded, outputs: { n: Int }, run: (_, { seed }) => ({ n: seed }) })
export const even = step('even', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n + 1 }) })
export const odd = step('odd', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n + 1 }) })
export const hops = pipeline('hops', seeded, ({ seed }) => {
  let { n } = start({}, { seed })
  for (let hop = 0; hop < ${HOPS}; hop++) ({ n } = hop % 2 === 0 ? even({ n }) : odd({ n }))
  return { n }
})

const many = { params: z.object({ seed: z.int(), count: z.int() }) }
export const numbers = step('numbers', {
  ...many,
  outputs: { items: list(Int) },
  run: (_, { seed, count }) => ({ items: Array.from({ length: count }, (_, index) => seed + index) }),
})
export const square = step('square', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n * n }) })
export const tasks = pipeline('tasks', many, ({ seed, count }) => {
  const { items } = numbers({}, { seed, count })
  const { n } = each(items, (n) => square({ n }), { batch: 1 })
  return { n }
})
export const items = pipeline('items', many, ({ seed, count }) => {
  const { items } = numbers({}, { seed, count })
  const { n } = each(items, (n) => square({ n }))
  return { n }
})
export const five = pipeline('five', seeded, ({ seed }) => {
  const { n } = start({}, { seed })
  return even(odd(even(odd({ n }))))
})

const sized = { params: z.object({ seed: z.int(), mebibytes: z.int() }) }
export const make = step('make', {
  ...sized,
  outputs: { made: file('bin') },
  acknowledge: ['files', 'clock'],
  run(_, { seed, mebibytes }, { scratch }) {
    const path = join(scratch, 'made')
    const piece = Buffer.alloc(1 << 20, String(seed))
    const made = openSync(path, 'w')
    for (let index = 0; index < mebibytes; index++) {
      piece.writeInt32LE(index, 0)
      writeSync(made, piece)
    }
    closeSync(made)
    console.log('made at ' + Date.now())
    return { made: path }
  },
})
export const take = step('take', {
  inputs: { made: file('bin') },
  outputs: { size: Int },
  acknowledge: ['clock'],
  async run({ made }) {
    await made.path()
    console.log('taken at ' + Date.now())
    return { size: made.size }
  },
})
export const large = pipeline('large', sized, ({ seed, mebibytes }) => take(make({}, { seed, mebibytes })))
`,
}
