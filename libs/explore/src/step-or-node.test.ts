import { expect, it } from 'vitest'
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { stepNamed } from './step-or-node.ts'

const Int = json<number>()
const load = step('load', { outputs: { n: Int }, run: () => ({ n: 1 }) })
const train = step('train', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n }) })
const { graph } = pipeline('twice', () => {
  const { n } = load({})
  return train(train({ n }, {}, { as: 'first' }), {}, { as: 'second' })
})

it('finds a step by the name of one of its nodes, or by its own', () => {
  for (const name of ['first', 'second', 'train']) expect(stepNamed(graph, name).name).toBe('train')
  expect(stepNamed(graph, 'load').name).toBe('load')
  expect(() => stepNamed(graph, 'firs')).toThrow('twice has no step "firs"')
})
