import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const PIPELINE = `import { each, list, pipeline, step, when } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Int = json<number>()
const Flag = json<boolean>()
export const ns = step('ns', { outputs: { ns: list(Int) }, run: () => ({ ns: [1, 2, 3, 4] }) })
export const f = step('f', {
  inputs: { n: Int },
  outputs: { v: Int, all: list(Int) },
  run: ({ n }) => {
    if (n === 3) throw new Error('three')
    return { v: n, all: [n, 10 * n] }
  },
})
export const g = step('g', { inputs: { n: Int }, outputs: { v: Int }, run: ({ n }) => ({ v: n }) })
export const h = step('h', {
  inputs: { m: Int },
  outputs: { v: Int },
  run: ({ m }) => {
    if (m === 20 || m === 4) throw new Error('twenty, or four')
    return { v: m }
  },
})
export const after = step('after', { inputs: { v: Int }, outputs: { v: Int }, run: ({ v }) => ({ v }) })
export const flat = pipeline('flat', () => ({
  v: each(ns({}).ns, (n) => after(g({ n: f({ n }).v })), { batch: 2, tolerate: { share: 0.5 } }).v,
}))
export const nested = pipeline('nested', () => ({
  v: each(
    ns({}).ns,
    (n) => ({ v: each(f({ n }).all, (m) => after(h({ m })), { batch: 2, tolerate: { items: 1 } }).v }),
    { batch: 3, tolerate: { items: 1 } },
  ).v,
}))
export const choice = step('choice', { outputs: { yes: Flag, no: Flag }, run: () => ({ yes: true, no: false }) })
export const arms = pipeline('arms', () => {
  const { yes, no } = choice({})
  const one = (as: string) => () => ns({}, {}, { as })
  return when(yes, () => when(no, one('inner'), one('other'), { as: 'second' }), one('last'), { as: 'first' })
})
`

it('names the item and the branch that block another item', async () => {
  const project = new CliProject({ 'a.pipeline.ts': PIPELINE })
  const shown = async (path: string) => (await project.cairn('show', path)).stdout
  expect((await project.run('flat')).status).toBe('completed')
  expect(await shown('flat/latest/g/2')).toMatch(/^because +f\/2$/m)
  expect(await shown('flat/latest/after/2')).toMatch(/^because +f\/2$/m)
  expect(await shown('flat/latest/g')).toMatch(/■ +2 +blocked +because of f\/2$/m)

  expect((await project.run('nested')).status).toBe('completed')
  // item 1 of item 1 and item 0 of item 3: each another place in its batch and in all batches
  expect(await shown('nested/latest/after/1.1')).toMatch(/^because +h\/1\.1$/m)
  expect(await shown('nested/latest/after/3.0')).toMatch(/^because +h\/3\.0$/m)
  expect(await shown('nested/latest/after')).toMatch(/■ +1\.1 +blocked +because of h\/1\.1$/m)

  const { steps } = await project.run('arms')
  expect(steps['inner']).toMatchObject({ status: 'skipped', because: 'second' })
  expect(steps['other']).toMatchObject({ status: 'completed' })
})
