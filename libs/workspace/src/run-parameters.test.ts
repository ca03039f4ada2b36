import { expect, it } from 'vitest'
import type { Plan } from '@cairn/records'
import { hasParameter, parametersOf } from './run-parameters.ts'

const nodes = {
  train: { type: 'step', params: { trees: 400, name: 'a=b' } },
  'fold/score': { type: 'step', params: { depth: 3 } },
  fold: { type: 'each' },
} as unknown as Plan['nodes']
const parameters = parametersOf({ params: { city: 'Bern', 'train.trees': 1 }, nodes })

it('knows the parameters of the run and of its steps by the names that --set takes', () => {
  expect(parameters).toEqual({ city: 'Bern', 'train.trees': 1, 'train.name': 'a=b', 'fold/score.depth': 3 })
})

it.each([
  ['city=Bern', true],
  ['city="Bern"', true],
  ['city=bern', false],
  ['fold/score.depth=3', true],
  ['fold/score.depth=3.0', false],
  ['train.name=a=b', true],
  ['toString=', false],
])('%s: %s', (text, expected) => {
  expect(hasParameter(parameters, text)).toBe(expected)
})
