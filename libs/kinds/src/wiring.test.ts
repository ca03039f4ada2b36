import { pipeline, step, type Kind } from '@cairn/kernel'
import { expect, test } from 'vitest'
import { json } from './json.ts'
import { metrics } from './metrics.ts'
import { model } from './model/model.ts'
import { partitions } from './table/partitions.ts'
import { table } from './table/table.ts'

const Wide = table({ origin: 'string', delay: 'float64?', distance: 'int32' })

/** Builds a pipeline that passes an output of one kind to an input of another. */
function wire(output: Kind<any, any>, input: Kind<any, any>): void {
  const make = step('make', { outputs: { it: output }, run: () => ({ it: null }) })
  const use = step('use', { inputs: { it: input }, outputs: { done: json<boolean>() }, run: () => ({ done: true }) })
  void pipeline('wired', () => use(make({}) as never)).graph
}

test('a table fits an input with fewer of its columns', () => {
  wire(Wide, Wide)
  wire(Wide, table({ delay: 'float64?' }))
  wire(Wide, table({ distance: 'int32', origin: 'string' }))
  expect(() => wire(Wide, table({ delay: 'float64' }))).toThrow('input "it" of use must be table')
  expect(() => wire(Wide, table({ speed: 'float64' }))).toThrow('input "it" of use must be table')
  expect(() => wire(json(), Wide)).toThrow('input "it" of use must be table')
})

test('partitions fit an input of partitions with fewer columns', () => {
  wire(partitions(Wide, 'origin'), partitions(table({ origin: 'string' }), 'origin'))
  expect(() => wire(partitions(Wide, 'origin'), partitions(table({ speed: 'string' }), 'speed'))).toThrow('input "it"')
})

test('a declared kind fits an undeclared input, but not the other way round', () => {
  const declared = model({ inputs: { x: 'float32' }, outputs: { y: 'float32' } })
  wire(declared, model())
  wire(metrics({ auc: 'number' }), metrics())
  expect(() => wire(model(), declared)).toThrow('input "it" of use must be model')
  expect(() => wire(metrics(), metrics({ auc: 'number' }))).toThrow('input "it" of use must be metrics')
})
