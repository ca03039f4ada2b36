import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const project = new CliProject({
  'dice.pipeline.ts': `import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Int = json<number>()
export const load = step('load', { outputs: { ns: list(Int) }, run: () => ({ ns: [1, 2, 3] }) })
export const double = step('double', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: 2 * n }) })
export const roll = step('roll', {
  inputs: { ns: list(Int) },
  outputs: { sum: Int, face: Int },
  acknowledge: ['randomness'],
  run: async ({ ns }) => ({ sum: (await ns.all()).reduce((a, b) => a + b), face: Math.random() }),
})
export const dice = pipeline('dice', () => roll({ ns: each(load({}).ns, (n) => double({ n })).n }))
`,
})

it('cairn parity recomputes steps and names those with different bytes, with the likely causes', async () => {
  const { run } = await project.run('dice')
  const stored = project.stored('local')
  const { code, stdout } = await project.cairn('parity', 'dice', '--against', run)
  expect(code).toBe(1)
  expect(stdout).toContain(`computed again here, from the inputs of run ${run}`)
  expect(stdout).toMatch(/✔ +load +here +the same bytes/)
  expect(stdout).toMatch(/✔ +each-ns +here +the same bytes/)
  expect(stdout).toMatch(/✘ +roll +here +face \w{8} -> \w{8} +randomness: Math\.random\(\) \(dice\.pipeline\.ts:10\)/)
  expect(project.stored('local')).toEqual(stored)

  const one = await project.cairn('--json', 'parity', 'dice', '--step', 'double')
  expect([one.code, JSON.parse(one.stdout)]).toMatchObject([0, { steps: [{ node: 'each-ns', same: true }] }])
  const twice = await project.cairn('--json', 'parity', 'dice', '--step', 'roll', '--twice')
  expect([twice.code, JSON.parse(twice.stdout)]).toMatchObject([
    1,
    { twice: true, steps: [{ node: 'roll', same: false }] },
  ])
  const wrong = await project.cairn('parity', 'dice', '--step', 'rol')
  expect(wrong.stderr).toContain('did you mean "roll"?')
})

it('cairn parity uses the code of the run, not the current code', async () => {
  await project.run('dice')
  project.edit('dice.pipeline.ts', 'n: 2 * n', 'n: 3 * n')
  expect((await project.cairn('parity', 'dice', '--step', 'double')).code).toBe(0)
})

it('cairn parity computes items alone and in reverse order, and names those that differ', async () => {
  const counting = new CliProject({
    'count.pipeline.ts': `import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Int = json<number>()
export const load = step('load', { outputs: { ns: list(Int) }, run: () => ({ ns: [5, 6, 7] }) })
const seen: number[] = []
export const sum = step('sum', {
  inputs: { n: Int },
  outputs: { n: Int },
  run: ({ n }) => {
    if (seen.length === 3) seen.length = 0 // as good as new for each list of three
    seen.push(n)
    return { n: seen.reduce((a, b) => a + b) }
  },
})
export const double = step('double', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: 2 * n }) })
export const count = pipeline('count', () => {
  const { ns } = load({})
  return { sums: each(ns, (n) => sum({ n })).n, doubles: each(ns, (n) => double({ n })).n }
})
`,
  })
  const { run } = await counting.run('count', '--jobs', '1')
  const { code, stdout } = await counting.cairn('--json', 'parity', 'count', '--against', run)
  const { steps } = JSON.parse(stdout) as { steps: { node: string; same: boolean; items: object[] }[] }
  expect(code).toBe(1)
  expect(steps.map(({ node, same }) => [node, same])).toEqual([
    ['load', true],
    ['each-ns', false],
    ['each-ns-2', true],
  ])
  expect(steps[1]!.items).toContainEqual(
    expect.objectContaining({ item: 0, output: 'n', how: 'in reverse order', before: expect.any(String) }),
  )
  expect((await counting.cairn('parity', 'count', '--step', 'sum', '--against', run)).stdout).toMatch(
    /✘ +each-ns +here +item 0 in reverse order: n \w{8} -> \w{8}.* state: seen: seen\.push\(n\)/,
  )
})
