import { expect, it } from 'vitest'
import { pipeline, step } from '@cairn/kernel'
import { layout, queueLayout } from '@cairn/records'
import { flightDelays } from '@cairn/pipelines/flight-delays/pipeline'
import { joins } from './joins.fixture.ts'
import { ownershipOf } from '@cairn/engine'
import { controlPolicy, stagePolicy, type Policy } from './policies.ts'

const place = { bucket: 'cairn', env: 'production' }
const flights = layout(place.env, 'flight-delays')

/** Decides like the server: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html */
function mayPut({ Statement }: Policy, path: string): boolean {
  const matching = Statement.filter(
    ({ Action, Resource }) =>
      Action.includes('s3:PutObject') && Resource.some((pattern) => matches(pattern, `arn:aws:s3:::cairn/${path}`)),
  )
  return matching.length > 0 && matching.every(({ Effect }) => Effect === 'Allow')
}

function matches(pattern: string, resource: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(resource)
}

it('lets each record of a run be written by the stage of its step, and by no other', () => {
  const steps = [...flightDelays.graph.nodes.keys()]
  for (const node of steps)
    for (const path of [
      flights.end('run', node),
      flights.end('run', `${node}/7`),
      flights.attempt('run', node, 1),
      flights.attempt('run', node, 10),
      flights.attempt('run', `${node}/7`, 1),
      flights.checkpoint(node, 'key'),
    ]) {
      const writers = steps.filter((step) => mayPut(stagePolicy(place, flightDelays, step), path))
      expect(writers, path).toEqual([node])
    }
})

it('lets no stage write what control writes, or what is of another pipeline or environment', () => {
  const control = [
    flights.plan('run'),
    flights.code({ fingerprint: 'f', digest: 'd' }),
    flights.manifest({ fingerprint: 'f', digest: 'd' }),
    flights.ref('r'),
    flights.submission('s'),
    queueLayout(place.env).running,
    queueLayout(place.env).ticket({ pipeline: 'flight-delays', run: 'run' }),
  ]
  const elsewhere = [layout('production', 'penguins'), layout('test', 'flight-delays')].flatMap((at) => [
    at.object('0'.repeat(64)),
    at.checkpoint('train-model', 'key'),
    at.runEnd('run'),
    at.end('run', 'train-model'),
  ])
  const policy = stagePolicy(place, flightDelays, 'train-model')
  expect([...control, ...elsewhere].filter((path) => mayPut(policy, path))).toEqual([])
  expect(control.filter((path) => !mayPut(controlPolicy(place), path))).toEqual([])
  expect(mayPut(controlPolicy(place), queueLayout('test').running)).toBe(false)
})

it('leaves a join to the stages of the joined steps', () => {
  const ownership = Object.fromEntries(ownershipOf(joins.graph).map(({ node, steps }) => [node, [...steps]]))
  const all = ['count', 'square', 'add', 'halve', 'double']
  expect(ownership).toEqual({
    count: ['count'],
    'each-numbers': ['square'],
    square: ['square'],
    add: ['add'],
    halve: ['halve'],
    double: ['double'],
    'when-is-large': all,
  })
})

it('does not mistake the record of a node called "end" for the end of a run', () => {
  const [begin, end] = ['begin', 'end'].map((name) => step(name, { outputs: {}, run: () => ({}) }))
  const both = pipeline('both', () => ({ ...begin!({}), ...end!({}) }))
  const at = layout(place.env, 'both')
  const policy = stagePolicy(place, both, 'begin')
  expect(mayPut(policy, at.runEnd('run'))).toBe(true)
  expect(mayPut(policy, at.end('run', 'end'))).toBe(false)
  expect(mayPut(stagePolicy(place, both, 'end'), at.end('run', 'end'))).toBe(true)
})
