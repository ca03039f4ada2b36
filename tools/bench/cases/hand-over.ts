import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { median, nodeCommand, Project, ROOT, seconds, time, type Case, type Command } from '../lab.ts'

const [SMALL, LARGE] = [1, 256]

export const handOver: Case = {
  title: `${LARGE} MiB handed from one step to the next, hashed on both sides`,
  async run({ repeat }) {
    const project = new Project({
      'hand-over.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { bytes, json } from '@cairn/kinds'
import { z } from 'zod'

export const make = step('make', {
  params: z.object({ mebibytes: z.int() }),
  outputs: { array: bytes() },
  run: (_, { mebibytes }) => {
    const values = new Float64Array((mebibytes << 20) / 8).fill(Math.PI)
    return { array: new Uint8Array(values.buffer) }
  },
})
export const take = step('take', {
  inputs: { array: bytes() },
  outputs: { length: json<number>() },
  run: ({ array }) => ({ length: array.length }),
})
export const handOver = pipeline('hand-over', { params: z.object({ mebibytes: z.int() }) }, ({ mebibytes }) => {
  const { array } = make({}, { mebibytes })
  return take({ array })
})
`,
    })
    const inCairn = async (mebibytes: number) => {
      const store = project.newStore()
      const { ms } = await time(project.cairn(store, 'run', 'hand-over', '--set', `mebibytes=${mebibytes}`))
      rmSync(store, { recursive: true }) // few but large: the disk must not be busy writing them when the next are made
      return ms
    }
    const plain = async (mebibytes: number) => {
      const file = project.newStore()
      const side = (name: string): Command =>
        nodeCommand(join(ROOT, 'tools/bench/plain/hand-over.ts'), name, file, String(mebibytes))
      const ms = (await time(side('write'))).ms + (await time(side('read'))).ms
      rmSync(file)
      return ms
    }
    // The difference of a large and a small one leaves out the start of processes, on either side.
    const found = { cairn: [] as number[], plain: [] as number[] }
    for (let round = 0; round < repeat; round++) {
      found.cairn.push((await inCairn(LARGE)) - (await inCairn(SMALL)))
      found.plain.push((await plain(LARGE)) - (await plain(SMALL)))
    }
    const [cairn, floor] = [median(found.cairn), median(found.plain)]
    const rate = ((LARGE - SMALL) / cairn) * 1000
    return [
      {
        what: `${rate.toFixed(0)} MiB/s, the making of the array included; floor: two scripts, one file`,
        cairn: seconds(cairn),
        floor: seconds(floor),
        ratio: cairn / floor,
        aim: '>= 400 MiB/s',
        met: rate >= 400,
      },
    ]
  },
}
