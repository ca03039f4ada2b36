import { Parser } from '@asyncapi/parser'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { each, list, pipeline, step, when, type Pipeline } from '@cairn/kernel'
import type { CairnEvent } from '@cairn/records'
import { z } from 'zod'
import { asyncApi } from './async-api.ts'
import { json, runsHere, text, type RunsHere } from './runs.fixture.ts'

const Int = json(z.int())
const Flag = json(z.boolean())
const begin = step('begin', {
  params: z.object({ many: z.boolean().default(true), broken: z.boolean().default(false) }),
  outputs: { numbers: list(Int), many: Flag, letter: text },
  run: (_, { many, broken }) => {
    if (broken) throw new Error('broken')
    return { numbers: [1, 2, 3], many, letter: 'dear reader' }
  },
})
const double = step('double', {
  inputs: { n: Int },
  outputs: { n: Int },
  retry: { times: 1, backoff: 1 },
  run: ({ n }) => {
    if (n === 3) throw new Error('three is refused')
    return { n: 2 * n }
  },
})
const few = step('few', { outputs: { n: Int }, run: () => ({ n: 0 }) })
const lots = step('lots', { outputs: { n: Int }, catch: () => ({ n: 9 }), run: (): { n: number } => fail() })
const last = step('last', { inputs: { all: list(Int), n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n }) })
const slow = step('slow', { outputs: { n: Int }, timeout: 5, run: () => new Promise<never>(() => {}) })
function fail(): never {
  throw new Error('failed')
}

const rich = pipeline('rich', () => {
  const { numbers, many } = begin({})
  const doubled = each(numbers, (n) => double({ n }), { batch: 2, tolerate: { items: 1 } })
  const { n } = when(
    many,
    () => lots({}),
    () => few({}),
  )
  return { ...last({ all: doubled.n, n }), slow: slow({}).n }
})

/** The message in the document that describes an event. */
function messageOf(of: Pipeline, { type, data }: CairnEvent) {
  const { messages } = asyncApi(of).channels.events
  const name = type.slice('cairn.'.length)
  return messages[`${data.step}.${name}`] ?? messages[name]
}

/** Forbids other fields, so that a field which the document does not describe is found. */
function closed(schema: unknown): object {
  const text = JSON.stringify(schema, (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'properties' in value && !('additionalProperties' in value)
      ? { ...value, additionalProperties: false }
      : value,
  )
  return JSON.parse(text) as object
}

describe('the AsyncAPI document of a pipeline', () => {
  it('is valid for the AsyncAPI parser', async () => {
    const { diagnostics, document } = await new Parser().parse(JSON.stringify(asyncApi(rich)))
    const isFault = ({ severity }: { severity: number }) => severity <= 1 // errors and warnings
    expect(diagnostics.filter(isFault)).toEqual([])
    expect(document!.version()).toBe('3.0.0')
    expect(document!.allChannels().all()[0]!.address()).toBe('cairn.{env}.rich')
    const ids = document!
      .allMessages()
      .all()
      .map((message) => message.id())
    expect(ids).toContain('begin.completed')
  })

  it('contains the kind of every output', () => {
    const { payload } = asyncApi(rich).channels.events.messages['begin.completed']!
    expect(payload).toMatchObject({
      properties: {
        outputs: {
          required: ['numbers', 'many', 'letter'],
          properties: {
            numbers: { 'x-cairn-kind': { kind: 'list', schema: { item: { kind: 'json' } } } },
            many: { 'x-cairn-kind': { kind: 'json', version: 1, schema: { type: 'boolean' } } },
            letter: { 'x-cairn-kind': { kind: 'text', schema: true } },
          },
        },
      },
    })
  })

  it('requires outputs outside an each, and a batch inside one', () => {
    const { messages } = asyncApi(rich).channels.events
    expect(messages['begin.completed']!.payload['required']).toContain('outputs')
    expect(messages['begin.completed']!.payload['required']).not.toContain('batch')
    expect(messages['double.completed']!.payload['required']).toContain('batch')
    expect(messages['double.completed']!.payload['required']).not.toContain('outputs')
  })

  describe('compared with the events of runs', () => {
    let runs: RunsHere
    beforeEach(() => (runs = runsHere()))
    afterEach(() => runs.remove())

    it('describes every event and every field', async () => {
      await runs.run(rich)
      await runs.run(rich, { 'begin.many': false })
      await runs.run(rich, { 'begin.broken': true })
      const ajv = addFormats.default(new Ajv2020({ allErrors: true }))
      ajv.addKeyword('x-cairn-kind')
      for (const event of runs.events) {
        const { headers, payload } = messageOf(rich, event)!
        expect(ajv.validate(closed(payload), event.data), `${event.id}: ${ajv.errorsText()}`).toBe(true)
        expect(headers).toMatchObject({ properties: { ce_type: { const: event.type } } })
      }
      const types = new Set(runs.events.map(({ type }) => type))
      expect([...types].sort()).toEqual(
        [
          'attempt-failed',
          'attempt-started',
          'blocked',
          'completed',
          'failed',
          'ready',
          'run-ended',
          'run-started',
          'skipped',
          'timed-out',
        ].map((type) => `cairn.${type}`),
      )
    })
  })
})
