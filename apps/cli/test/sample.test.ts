import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

it('samples rows with a periodic pattern fairly, and the same rows each time', async () => {
  const project = new CliProject({
    's.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json, table } from '@cairn/kinds'
const Rows = table({ id: 'int32', fold: 'int32' })
export const load = step('load', {
  outputs: { rows: Rows },
  run: () => ({ rows: Array.from({ length: 600 }, (_, id) => ({ id, fold: id % 5 })) }),
})
export const count = step('count', {
  inputs: { rows: Rows },
  outputs: { ids: json<number[]>() },
  run: async ({ rows }) => ({ ids: [...(await rows.columnsOf(['id'])).id] }),
})
export const s = pipeline('s', () => count(load({})))
`,
  })
  await project.run('s')
  const sampled = async (size: string, place: string) => {
    const { stderr } = await project.cairn(
      'play',
      '--sample',
      `load/rows=${size}`,
      '--playground',
      place,
      '--progress',
      'none',
    )
    expect(stderr).toContain('! load.rows is cut to 60 of 600 rows: this run can never be promoted')
    const { stdout } = await project.cairn('cat', 's/latest/count/ids', '--playground', place, '--json')
    return (JSON.parse(stdout) as { value: number[] }).value
  }
  const ids = await sampled('10%', 'one')
  expect(ids).toHaveLength(60)
  expect(ids).toEqual(ids.toSorted((a, b) => a - b))
  for (const period of [2, 3, 5, 7, 10])
    expect(new Set(ids.map((id) => id % period)).size, `of ${period} folds`).toBe(period)
  expect(await sampled('60', 'two')).toEqual(ids)
})
