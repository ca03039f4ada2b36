import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const PIPELINE = `import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Int = json<number>()
export const mk = step('mk', { outputs: { ns: list(Int) }, run: () => ({ ns: [1, 2, 3, 4] }) })
export const twice = step('twice', { inputs: { n: Int }, outputs: { v: Int }, run: ({ n }) => ({ v: 2 * n }) })
export const count = step('count', { inputs: { ns: list(Int) }, outputs: { n: Int }, run: ({ ns }) => ({ n: ns.length }) })
export const p = pipeline('p', () => {
  const { ns } = mk({})
  const one = each(ns, (n) => twice({ n }), { as: 'one' })
  const two = each(ns, (n) => twice({ n }), { as: 'two' })
  return { a: one.v, b: two.v, n: count({ ns }).n, a2: count({ ns: one.v }).n, b2: count({ ns: two.v }).n }
})
`

it('cuts only the items of one each: others over the same list keep all items', async () => {
  const project = new CliProject({ 'p.pipeline.ts': PIPELINE })
  await project.run('p')
  const numbers = async (where: string) => {
    const values: Record<string, string> = {}
    for (const id of ['count', 'count-2', 'count-3'])
      values[id] = (await project.cairn('cat', `p/latest/${id}/n`, '--playground', where)).stdout.trim()
    return values
  }
  const played = await project.cairn('play', '--items', 'two=1', '--playground', 'a', '--progress', 'none')
  expect(played.code, played.stderr).toBe(0)
  expect(played.stderr).toContain('! mk.ns is cut to 1 of 4 items for two: this run can never be promoted')
  expect(await numbers('a')).toEqual({ count: '4', 'count-2': '4', 'count-3': '1' })

  const both = ['--items', 'two=1', '--items', 'one=0,2,3']
  const again = await project.cairn('play', ...both, '--playground', 'b', '--progress', 'none')
  expect(again.code, again.stderr).toBe(0)
  expect(again.stderr).toMatch(/cut to 1 of 4 items for two[^]*cut to 3 of 4 items for one/)
  expect(await numbers('b')).toEqual({ count: '4', 'count-2': '3', 'count-3': '1' })

  const tooMany = await project.cairn('play', '--items', 'one=7', '--playground', 'c')
  expect(tooMany.code).toBe(1)
  expect(tooMany.stderr).toContain('7 items of one were requested, but it has only 4')
})
