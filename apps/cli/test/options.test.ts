import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

/** What is written, what is refused of it, and what is said to be right. */
const STEPS: readonly [written: string, refused: string, right: string][] = [
  ['retries: 2', 'unknown option "retries" of step "x"', 'did you mean "retry"?'],
  ['input: { n: N }', 'unknown option "input" of step "x"', 'did you mean "inputs"?'],
  ['param: 3', 'unknown option "param" of step "x"', 'did you mean "params"?'],
  ['reads: {}', 'unknown option "reads" of step "x"', 'available: inputs, outputs'],
  ['constructor: 1', 'unknown option "constructor" of step "x"', 'available: inputs, outputs'],
  ['retry: 3', 'option "retry" of step "x" is invalid: 3', 'it must be { times: 3 }'],
  ['retry: { time: 2 }', 'unknown option "time" of "retry" of step "x"', 'did you mean "times"?'],
  [`retry: { backoff: '1s' }`, 'option "retry" of step "x" is invalid: {"backoff":"1s"}', 'it must be { times: 3 }'],
  [
    'retry: { times: 1.5 }',
    'option "times" of "retry" of step "x" is invalid: 1.5',
    'it must be an integer of at least 0',
  ],
  [
    `retry: { times: 1, on: 'E' }`,
    'option "on" of "retry" of step "x" is invalid: "E"',
    'it must be a list of strings',
  ],
  ['cache: false', 'option "cache" of step "x" is invalid: false', `it must be 'never' or { maxAge: '12h' }`],
  [`cache: 'nevr'`, 'option "cache" of step "x" is invalid: "nevr"', `it must be 'never' or { maxAge: '12h' }`],
  [`cache: { maxage: '1s' }`, 'unknown option "maxage" of "cache" of step "x"', 'did you mean "maxAge"?'],
  [`cache: { maxAge: 'soon' }`, 'option "maxAge" of "cache" of step "x" is invalid: "soon"', 'it must be a duration'],
  [`timeout: NaN`, 'option "timeout" of step "x" is invalid: NaN', 'it must be a duration'],
  [`memory: '2 GB'`, 'option "memory" of step "x" is invalid: "2 GB"', 'it must be an amount of memory'],
  [
    `acknowledge: ['clok']`,
    'option "acknowledge" of step "x" contains an unknown value: "clok"',
    'did you mean "clock"?',
  ],
  [`secrets: 'TOKEN'`, 'option "secrets" of step "x" is invalid: "TOKEN"', 'it must be a list of strings'],
  [`catch: { v: 1 }`, 'option "catch" of step "x" is invalid: {"v":1}', 'it must be a function'],
  [`params: { n: 1 }`, 'option "params" of step "x" is invalid: {"n":1}', 'it must be a schema'],
]

const HEAD = `import * as k from '@cairn/kernel'
import * as c from '@cairn/kinds'
import * as o from '@cairn/connectors'
const { each, list, pipeline, source, step, when } = k as any
const { fromFile, fromPackage, fromUrl } = o as any
const { bytes, csv, file, json, metrics, model, parquet, partitions, table } = c as any
const N = json()
const body = { outputs: { v: N }, run: () => ({ v: 1 }) }
const ns = step('ns', { outputs: { ns: list(N), yes: N }, run: () => ({ ns: [1], yes: true }) })
const f = step('f', { inputs: { n: N }, outputs: { v: N }, run: () => ({ v: 1 }) })
`

/** Statements in a module, and in the body of a pipeline. */
const OTHERS: readonly [written: string, refused: string, right: string][] = [
  [`source('s', { ...body, inputs: {}, reads: {} })`, 'unknown option "inputs" of source "s"', 'available: reads,'],
  [`source('s', { ...body, reads: { a: 'a.csv' } })`, 'reads.a of source s is not a connector', 'use fromFile'],
  [`pipeline('p', { retry: 1 }, () => ({}))`, 'unknown option "retry" of pipeline "p"', 'available: params, inputs'],
  [`pipeline('p', { params: 3 }, () => ({}))`, 'option "params" of pipeline "p" is invalid: 3', 'it must be a schema'],
  [`fromFile('a.csv', { encoding: 1 })`, 'unknown option "encoding" of fromFile', 'takes no options'],
  [`fromFile(undefined)`, 'fromFile takes a non-empty string, not undefined', `fromFile('data/flights.csv')`],
  [`fromUrl('https://example.com/', { headers: {} })`, 'unknown option "headers" of fromUrl', 'takes no options'],
  [`fromPackage('a', 'b', { version: 1 })`, 'unknown option "version" of fromPackage', 'takes no options'],
  [`table({ a: 'int32' }, { sorted: true })`, 'unknown option "sorted" of table', 'takes no options'],
  [
    `table({ a: { type: 'int32' } })`,
    'the type of column "a" must be a string, not {"type":"int32"}',
    `for example { a: 'int32?' }`,
  ],
  [`csv('a.csv', { seperator: ';' })`, 'unknown option "seperator" of csv', 'available: columns, header, delimiter'],
  [`csv('a.csv', { header: 'yes' })`, 'option "header" of csv is invalid: "yes"', 'it must be true or false'],
  [`csv('a.csv', { nulls: 'NA' })`, 'option "nulls" of csv is invalid: "NA"', 'it must be a list of strings'],
  [`csv('a.csv', { skip: -1 })`, 'option "skip" of csv is invalid: -1', 'it must be an integer of at least 0'],
  [`parquet('a.parquet', { columns: [] })`, 'unknown option "columns" of parquet', 'takes no options'],
  [`json({ describe: 'x' })`, 'json takes a schema, not {"describe":"x"}', 'json(z.object('],
  [`json(undefined, { descibe: 'x' })`, 'unknown option "descibe" of json', 'did you mean "describe"?'],
  [`metrics({ auc: 'float' })`, 'metric "auc" has the unknown type "float"', 'metrics({ auc:'],
  [`metrics(undefined, { higher: true })`, 'unknown option "higher" of metrics', 'available: describe'],
  [`file({ extension: 'csv' })`, 'file takes a file extension, not {"extension":"csv"}', `file('csv')`],
  [`file('csv', { gzip: true })`, 'unknown option "gzip" of file', 'takes no options'],
  [`bytes({ limit: 1 })`, 'unknown option "limit" of bytes', 'takes no options'],
  [`model({ input: {}, outputs: {} })`, 'unknown option "input" of model', 'did you mean "inputs"?'],
  [`list({ item: N })`, 'list takes an artifact kind, not {"item":', 'list(json<number>())'],
]

const PLACES: readonly [written: string, refused: string, right: string][] = [
  [
    `each(ns({}).ns, (n) => f({ n }), { tolerate: 0.5 })`,
    'option "tolerate" of each over ns.ns is invalid: 0.5',
    '{ share: 0.01 }',
  ],
  [
    `each(ns({}).ns, (n) => f({ n }), { tolerate: { count: 1 } })`,
    'unknown option "count" of "tolerate" of each over ns.ns',
    'available: items, share',
  ],
  [`each(ns({}).ns, (n) => f({ n }), { tolerate: { share: 5 } })`, 'option "share" of "tolerate"', 'from 0 to 1'],
  [`each(ns({}).ns, (n) => f({ n }), { batches: 2 })`, 'unknown option "batches" of each', 'did you mean "batch"?'],
  [
    `each(ns({}).ns, (n) => f({ n }), { batch: 0 })`,
    'option "batch" of each over ns.ns is invalid: 0',
    'an integer of at least 1',
  ],
  [`ns({}, {}, { name: 'other' })`, 'unknown option "name" of "ns" in the pipeline', 'available: as'],
  [
    `when(ns({}).yes, () => ns({}), () => ns({}), { label: 'a' })`,
    'unknown option "label" of "when-yes"',
    'available: as',
  ],
]

it('refuses unknown and malformed options with file and line', async () => {
  const project = new CliProject()
  const cases = [
    ...STEPS.map(
      ([written, ...told]) => [`export const x = step('x', {\n  ...body,\n  ${written},\n})`, ...told] as const,
    ),
    ...OTHERS.map(([written, ...told]) => [`export const x = ${written}\nvoid x`, ...told] as const),
    ...PLACES.map(
      ([written, ...told]) =>
        [`export const p = pipeline('p', () => {\n  ${written}\n  return {}\n})`, ...told] as const,
    ),
  ]
  cases.forEach(([text], at) => project.write({ [`c${at}.pipeline.ts`]: `${HEAD}${text}\n` }))
  const { code, stdout, stderr } = await project.cairn('lint')
  expect(code).not.toBe(0)
  const faults = `${stdout}\n${stderr}`.split(/\n(?=c\d+\.pipeline\.ts:\d+)/)
  for (const [at, [text, refused, right]] of cases.entries()) {
    const lines = HEAD.split('\n').length
    const fault = faults.find((told) => new RegExp(`c${at}\\.pipeline\\.ts:\\d`).test(told)) ?? ''
    expect(fault, text).toContain(refused)
    expect(fault, text).toContain(right)
    expect(Number(/\.ts:(\d+)/.exec(fault)?.[1]), text).toBeGreaterThanOrEqual(lines)
  }

  const one = new CliProject({
    'x.pipeline.ts': `${HEAD}export const x = step('x', { ...body, retries: 2 })\nexport const p = pipeline('p', () => x({}))\n`,
  })
  const run = await one.cairn('run')
  expect(run.code).not.toBe(0)
  const line = HEAD.split('\n').length // of what follows it
  expect(run.stderr).toMatch(
    new RegExp(`x\\.pipeline\\.ts:${line} unknown option "retries" of step "x"\\n.*did you mean "retry"\\?`),
  )
})
