import { expect, it } from 'vitest'
import type { Plan } from '@cairn/records'
import { hasParameter, parametersOf } from './run-parameters.ts'

const nodes = {
  train: { type: 'step', params: { trees: 400, name: 'a=b', rate: 0.001, years: [2001, 2002], opts: { a: 1, b: 2 } } },
  'fold/score': { type: 'step', params: { depth: 3 } },
  fold: { type: 'each' },
} as unknown as Plan['nodes']
const parameters = parametersOf({ params: { city: 'Bern', 'train.trees': 1 }, nodes })

it('knows the parameters of the run and of its steps by the names that --set takes', () => {
  expect(parameters).toEqual({
    city: 'Bern',
    'train.trees': 1,
    'train.name': 'a=b',
    'train.rate': 0.001,
    'train.years': [2001, 2002],
    'train.opts': { a: 1, b: 2 },
    'fold/score.depth': 3,
  })
})

it.each([
  ['city=Bern', true],
  ['city="Bern"', true],
  ['city=bern', false],
  ['fold/score.depth=3', true],
  ['fold/score.depth=3.0', true],
  ['fold/score.depth=4', false],
  ['train.rate=1e-3', true],
  ['train.rate=0.0010', true],
  ['train.rate=0.0011', false],
  ['train.years=2001,2002', true],
  ['train.years=[2001, 2002]', true],
  ['train.years=2001', false],
  ['train.opts={"b":2,"a":1}', true],
  ['train.name=a=b', true],
  ['toString=', false],
])('%s: %s', (text, expected) => {
  expect(hasParameter(parameters, text)).toBe(expected)
})
