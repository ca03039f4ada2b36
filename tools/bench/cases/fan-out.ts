import { join } from 'node:path'
import { medians, nodeCommand, Project, ROOT, seconds, type Case } from '../lab.ts'

const ITEMS = 10_000

export const fanOut: Case = {
  title: `One step, ${ITEMS.toLocaleString('en')} items, each with a checkpoint, and a join`,
  async run({ repeat }) {
    const project = new Project({
      'fan-out.pipeline.ts': `import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'

const Int = json<number>()
export const start = step('start', {
  outputs: { items: list(Int) },
  run: () => ({ items: Array.from({ length: ${ITEMS} }, (_, index) => index) }),
})
export const square = step('square', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n * n }) })
export const sum = step('sum', {
  inputs: { items: list(Int) },
  outputs: { total: Int },
  run: async ({ items }) => ({ total: (await items.all()).reduce((sum, item) => sum + item, 0) }),
})
export const fanOut = pipeline('fan-out', () => {
  const { items } = start({})
  const { n } = each(items, (n) => square({ n }))
  return sum({ items: n })
})
`,
    })
    const [cairn, floor] = await medians(repeat, [
      () => project.cairn(project.newStore(), 'run', 'fan-out'),
      () => nodeCommand(join(ROOT, 'tools/bench/plain/files.ts'), project.newStore(), String(ITEMS), '600'),
    ])
    const rate = (ITEMS / cairn!) * 1000
    return [
      {
        what: `${rate.toFixed(0)} items/s; floor: as many records hashed, written, moved`,
        cairn: seconds(cairn!),
        floor: seconds(floor!),
        ratio: cairn! / floor!,
        aim: '>= 2,000 items/s',
        met: rate >= 2_000,
      },
    ]
  },
}
