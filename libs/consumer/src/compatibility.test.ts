import { describe, expect, it } from 'vitest'
import { each, list, pipeline, step, type AnyKind, type Json, type Kinds } from '@cairn/kernel'
import { z } from 'zod'
import { asyncApi, type EventsDocument } from './async-api.ts'
import { breaksIn } from './compatibility.ts'
import { json, text } from './runs.fixture.ts'

const kind = (name: string, schema: Json, version = 1): AnyKind => ({ ...text, name, schema, version })
const ofSteps = (steps: Readonly<Record<string, Kinds>>) =>
  asyncApi(
    pipeline('watched', () => {
      for (const [name, outputs] of Object.entries(steps)) step(name, { outputs, run: () => ({}) as never })({})
      return {}
    }),
  )
const of = (out: AnyKind) => ofSteps({ make: { out } })
/** What breaks if the kind of an output changes. */
const breaks = (before: AnyKind, after: AnyKind) => breaksIn(of(before), of(after))
const out = (text: string) => [`make.completed: outputs.out${text}`]

/** A copy of a document with another `make.completed`. */
const edited = (document: EventsDocument, edit: (payload: any) => void): EventsDocument => {
  const copy = structuredClone(document)
  edit(copy.channels.events.messages['make.completed']!.payload)
  return copy
}

describe('a change of a pipeline', () => {
  const Plain = json(z.object({ n: z.number() }))

  it('is compatible if its events stay the same or something is added', () => {
    const before = ofSteps({ make: { out: Plain } })
    expect(breaksIn(before, ofSteps({ make: { out: Plain } }))).toEqual([])
    expect(breaksIn(before, ofSteps({ make: { out: Plain, more: text }, other: { out: text } }))).toEqual([])
  })

  it('breaks consumers if a step or an output is removed, or the pipeline is renamed', () => {
    const before = ofSteps({ make: { out: text, more: text }, other: { out: text } })
    expect(breaksIn(before, ofSteps({ make: { out: text } }))).toEqual([
      'make.completed: outputs.more was removed',
      'other.completed is no longer published',
    ])
    const renamed = asyncApi(
      pipeline('seen', () => step('make', { outputs: { out: text }, run: () => ({}) as never })({})),
    )
    expect(breaksIn(of(text), renamed)).toEqual(['the topic changed from cairn.{env}.watched to cairn.{env}.seen'])
  })

  it('breaks consumers if a step moves into an each, where it has many outputs', () => {
    const make = step('make', { inputs: {}, outputs: { out: text }, run: () => ({ out: '' }) })
    const items = step('items', { outputs: { items: list(text) }, run: () => ({ items: [] }) as never })
    const inEach = asyncApi(pipeline('watched', () => each(items({}).items as never, () => make({}))))
    expect(breaksIn(of(text), inEach)).toEqual([
      'make.completed: how may now be missing',
      'make.completed: outputs may now be missing',
    ])
  })

  describe('of the kind of an output', () => {
    it.each<[string, AnyKind, AnyKind, string[]]>([
      ['another kind', text, Plain, out(' changed from text to json')],
      ['a codec that writes other bytes', kind('text', true, 1), kind('text', true, 2), []],
      ['anything before', kind('json', true), Plain, []],
      ['anything now', Plain, kind('json', true), out(' may now be any value')],
    ])('%s', (_, before, after, expected) => expect(breaks(before, after)).toEqual(expected))

    const columns = (...given: [string, string][]) => kind('table', { columns: given })
    it.each<[string, AnyKind, AnyKind, string[]]>([
      ['a column more', columns(['a', 'int32']), columns(['b', 'string'], ['a', 'int32']), []],
      ['a column less', columns(['a', 'int32'], ['b', 'string']), columns(['a', 'int32']), out('.b was removed')],
      ['another type', columns(['a', 'int32']), columns(['a', 'int64']), out('.a changed from int32 to int64')],
      ['nulls now', columns(['a', 'int32']), columns(['a', 'int32?']), out('.a changed from int32 to int32?')],
      ['no nulls any more', columns(['a', 'int32?']), columns(['a', 'int32']), []],
      [
        'NaN now',
        columns(['a', 'float64']),
        columns(['a', 'float64|nan']),
        out('.a changed from float64 to float64|nan'),
      ],
      ['no NaN any more', columns(['a', 'float64|nan?']), columns(['a', 'float64']), []],
    ])('columns: %s', (_, before, after, expected) => expect(breaks(before, after)).toEqual(expected))

    const measured = (types: Record<string, string>) => kind('metrics', types)
    it.each<[string, AnyKind, AnyKind, string[]]>([
      ['one more', measured({ auc: 'number' }), measured({ auc: 'number', loss: 'number' }), []],
      ['one less', measured({ auc: 'number', loss: 'number' }), measured({ auc: 'number' }), out('.loss was removed')],
      ['whole numbers now', measured({ rows: 'number' }), measured({ rows: 'integer' }), []],
      [
        'fractions now',
        measured({ rows: 'integer' }),
        measured({ rows: 'number' }),
        out('.rows changed from integer to number'),
      ],
      [
        'one that may be missing',
        measured({ a: 'number' }),
        measured({ a: 'number?' }),
        out('.a changed from number to number?'),
      ],
    ])('metrics: %s', (_, before, after, expected) => expect(breaks(before, after)).toEqual(expected))

    const model = (inputs: Record<string, string>, outputs: Record<string, string>) =>
      kind('model', { inputs, outputs })
    it.each<[string, AnyKind, AnyKind, string[]]>([
      [
        'a new required input',
        model({ a: 'f' }, { p: 'f' }),
        model({ a: 'f', b: 'f' }, { p: 'f' }),
        out(' has different inputs'),
      ],
      ['an output more', model({ a: 'f' }, { p: 'f' }), model({ a: 'f' }, { p: 'f', q: 'f' }), []],
      ['an output less', model({ a: 'f' }, { p: 'f', q: 'f' }), model({ a: 'f' }, { p: 'f' }), out('.q was removed')],
    ])('models: %s', (_, before, after, expected) => expect(breaks(before, after)).toEqual(expected))

    const A = z.object({ a: z.number() })
    it.each<[string, z.ZodType, z.ZodType, string[]]>([
      ['a field more', A, A.extend({ b: z.string() }), []],
      ['a field less', A.extend({ b: z.string() }), A, out('.b was removed')],
      ['a field that may be missing', A, z.object({ a: z.number().optional() }), out('.a may now be missing')],
      ['a field that is always there now', z.object({ a: z.number().optional() }), A, []],
      ['another type', A, z.object({ a: z.string() }), out('.a changed from number to string')],
      ['nulls now', A, z.object({ a: z.number().nullable() }), out('.a changed from number to number or null')],
      ['no nulls any more', z.object({ a: z.number().nullable() }), A, []],
      ['a choice of types', A, z.union([A, z.array(A)]), out(' changed from object to array')],
      ['one of the types', z.union([A, z.array(A)]), A, []],
      ['none of the types', z.union([A, z.array(A)]), z.boolean(), out(' is now boolean')],
      [
        'another choice',
        z.enum(['x', 'y']),
        z.enum(['x', 'y', 'z']),
        out(' changed from "x" or "y" to "x" or "y" or "z"'),
      ],
      ['fewer choices', z.enum(['x', 'y']), z.literal('x'), []],
      ['one of many', z.string(), z.enum(['x', 'y']), []],
      [
        'deeper down',
        z.object({ in: A }),
        z.object({ in: z.object({ a: z.boolean() }) }),
        out('.in.a changed from number to boolean'),
      ],
      ['items of another type', z.array(z.number()), z.array(z.string()), out('[] changed from number to string')],
      [
        'values of another type',
        z.record(z.string(), z.number()),
        z.record(z.string(), z.string()),
        out('.* changed from number to string'),
      ],
      ['a narrower range', z.number().min(0).max(9), z.number().min(1).max(8), []],
      ['a wider range', z.number().max(9), z.number().max(10), out(' has a different maximum')],
      [
        'another format',
        z.email(),
        z.string(),
        [...out(' has a different format'), ...out(' has a different pattern')],
      ],
    ])('JSON: %s', (_, before, after, expected) => expect(breaks(json(before), json(after))).toEqual(expected))

    it('items of a list', () => {
      expect(breaks(list(columns(['a', 'int32'])), list(columns(['b', 'int32'])))).toEqual(out('.a was removed'))
    })
  })

  describe('of the events themselves', () => {
    const before = of(text)
    it.each<[string, (payload: any) => void, string[]]>([
      ['a field that is no longer promised', (payload) => payload.required.splice(0, 1), ['env may now be missing']],
      ['a field that is gone', (payload) => delete payload.properties.counts, ['counts was removed']],
      [
        'a field of another type',
        (payload) => (payload.properties.run = { type: 'integer' }),
        ['run changed from string to integer'],
      ],
      [
        'a way of being completed that is new',
        (payload) => payload.properties.how.enum.push('guessed'),
        [
          'how changed from "computed" or "reused" or "caught" or "joined" to "computed" or "reused" or "caught" or "joined" or "guessed"',
        ],
      ],
      [
        'a new field that is required',
        (payload) => {
          payload.properties.host = { type: 'string' }
          payload.required.push('host')
        },
        [],
      ],
      ['other words about it', (payload) => (payload.properties.node.description = 'where'), []],
    ])('%s', (_, edit, expected) => {
      const found = breaksIn(before, edited(before, edit))
      expect(found).toEqual(expected.map((text) => `make.completed: ${text}`))
    })
  })
})
