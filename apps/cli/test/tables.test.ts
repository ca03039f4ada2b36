import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { CliProject, REPOSITORY, type RunSummary } from './project.fixture.ts'

// An ONNX model as skl2onnx makes one: `label` is the greater of two features, `probabilities` a map of both for each row.
const CLASSIFIER =
  'CAgSCmNhaXJuLXRlc3QaAzEuMDrlAQo3CghmZWF0dXJlcxIFbGFiZWwiBkFyZ01heCoLCgRheGlzGAGgAQIqDwoIa2VlcGRpbXMYAKABAgpKCghmZWF0dXJlcxINcHJvYmFiaWxpdGllcyIGWmlwTWFwKhsKEmNsYXNzbGFiZWxzX2ludDY0c0AAQAGgAQc6CmFpLm9ubngubWwSBHRlc3RaHgoIZmVhdHVyZXMSEgoQCAESDAoGEgRyb3dzCgIIAmIXCgVsYWJlbBIOCgwIBxIICgYSBHJvd3NiHwoNcHJvYmFiaWxpdGllcxIOIgwKCioICAcSBAoCCAFCAhARQg4KCmFpLm9ubngubWwQAg=='

const FILES = ['types.parquet', 'decimal256.parquet', 'swapped.csv', 'case.csv', 'ragged.csv']

/** A source for each query over these files, in one pipeline: one run tells of all. */
function pipelineOf(queries: Readonly<Record<string, string>>): string {
  const reads = FILES.map((file) => `'${file}': fromFile('${file}')`).join(', ')
  const steps = Object.entries(queries).map(
    ([name, query]) => `export const ${name} = source('${name}', {
  reads: { ${reads} },
  outputs: { rows: json<any>() },
  run: async (f) => ({ rows: JSON.parse(JSON.stringify(await ${query}.toArray())) }),
})`,
  )
  const outputs = Object.keys(queries).map((name) => `${name}: ${name}({}).rows`)
  return `import { fromFile } from '@cairn/connectors'
import { pipeline, source } from '@cairn/kernel'
import { csv, json, parquet, sql } from '@cairn/kinds'
${steps.join('\n')}
export const queries = pipeline('queries', () => ({ ${outputs.join(', ')} }))
`
}

const TYPES = "from ${parquet(f['types.parquet'])}"
const REFUSED: Readonly<Record<string, [query: string, message: string]>> = {
  large: [
    `sql\`select int64_large as x ${TYPES}\``,
    'column "x", row 0: is -9223372036854775808, which int64 cannot hold',
  ],
  decimal: [`sql\`select decimal_large as x ${TYPES}\``, 'is 12345678901234567.89, which float64 cannot hold'],
  bytes: [`sql\`select "binary" as x ${TYPES}\``, 'column "x" of the query is BLOB'],
  nested: [`sql\`select list_large as x ${TYPES}\``, '9223372036854775807 cannot be stored exactly'],
  wide: ["sql`select 1 as x from ${parquet(f['decimal256.parquet'])}`", 'is DECIMAL(60,20)'],
  place: [`sql\`select filename as x ${TYPES}\``, '"filename" not found'],
  twins: ['sql`select 1 as a, 2 as A`', 'columns named "a" and "A"'],
  swapped: [
    "sql`from ${csv(f['swapped.csv'], { columns: { a: 'int32', b: 'int32' } })}`",
    'the declared columns are a, b, but the file has b, a',
  ],
  capital: [`sql\`select "A" as x from \${csv(f['case.csv'])}\``, 'columns named "a" and "A"'],
  ragged: ["sql`select a from ${csv(f['ragged.csv'])}`", 'ragged.csv:3 has 3 cells, but there are 2 columns'],
  clock: ["sql`select timetz '12:00:00+00' at time zone 'Europe/Paris' as x`", 'depends on the current date'],
  now: ["sql`select 'now'::timestamp as x`", 'invalid timestamp field format: "now"'],
  today: ["sql`select cast(t as date) as x from (values ('today')) v(t)`", 'invalid date field format: "today"'],
  environment: ["sql`select getenv('HOME') as x`", 'getenv'],
  path: ["sql`select * from 'case.csv'`", 'the query reads "case.csv", which is not an interpolated table'],
  catalog: ['sql`select * from information_schema.tables`', 'the query reads "information_schema.tables"'],
  sample: ['sql.parallel`select range as x from range(9) using sample 3 (reservoir, 1)`', 'takes a sample'],
  listed: ['sql.parallel`select list(range) as x from range(9)`', 'calls list()'],
}
const GIVEN: Readonly<Record<string, [query: string, rows: unknown]>> = {
  zone: ["sql`select timestamptz '2001-07-03 00:00:00' as t`", [{ t: '2001-07-03T00:00:00.000Z' }]],
  exact: [
    `sql\`select uint64 as a, "decimal" as b, timestamp_ns as c, timestamp_zone as d, struct as e, time64 as f, uuid as g ${TYPES} limit 2 offset 1\``,
    [
      {
        a: 9007199254740991,
        b: -1234567890123.45,
        c: '1969-12-31T23:59:59.999Z',
        d: '1970-01-01T00:00:00.000Z',
        e: { '1': '', b: null },
        f: '23:59:59.999999',
        g: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
      },
      { a: null, b: null, c: null, d: null, e: null, f: null, g: null },
    ],
  ],
}

it('returns each value of a query exactly, or refuses it by name, whatever the settings of the machine', async () => {
  const all = Object.fromEntries(Object.entries({ ...REFUSED, ...GIVEN }).map(([name, [query]]) => [name, query]))
  const project = new CliProject({
    'queries.pipeline.ts': pipelineOf(all),
    'swapped.csv': 'b,a\n1,2\n',
    'case.csv': 'a,A\n1,2\n',
    'ragged.csv': 'a,b\n1,2\n3,4,5\n',
  })
  for (const file of FILES.filter((name) => name.endsWith('.parquet')))
    copyFileSync(join(REPOSITORY, 'libs/kinds/test/pyarrow', file), project.path(file))
  const { stdout } = await project.cairnWith({ TZ: 'America/New_York' }, '--json', 'run', 'queries')
  const { steps } = JSON.parse(stdout) as RunSummary
  for (const [name, [, message]] of Object.entries(REFUSED)) {
    expect.soft(steps[name]!.error?.message, name).toContain(message)
    expect.soft(steps[name]!.error?.code, name).not.toBe('UNEXPECTED')
  }
  for (const [name, [, rows]] of Object.entries(GIVEN))
    expect.soft(JSON.parse(steps[name]!.outputs?.['rows']?.text ?? 'null'), name).toEqual(rows)
})

it('keeps columns in the declared order, and their numbers exact', async () => {
  const project = new CliProject({
    'years.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json, metrics, model, sql, table } from '@cairn/kinds'
import { readFileSync } from 'node:fs'
const Years = table([['place', 'string'], ['2001', 'float64'], ['1999', 'int32?'], ['constructor', 'bool']])
export const rows = step('rows', {
  outputs: { years: Years },
  run: () => ({ years: [{ place: '', '2001': 7.199999999999999, '1999': null, constructor: true }] }),
})
export const query = step('query', {
  inputs: { years: Years },
  outputs: { years: Years, names: json<string[]>() },
  run: async ({ years }) => ({
    years: sql\`select * from \${years}\`,
    names: (await years.arrow()).schema.fields.map(({ name }) => name),
  }),
})
export const measure = step('measure', { outputs: { m: metrics() }, run: () => ({ m: { auc: { june: 1n } } as never }) })
const Model = model()
export const classifier = step('classifier', {
  outputs: { model: Model },
  acknowledge: ['files'],
  run: () => ({ model: 'zip.onnx' }),
})
export const predict = step('predict', {
  inputs: { model: Model },
  outputs: { labels: json<string[]>() },
  run: async ({ model }) => ({ labels: Object.keys(await model.predict({ features: [1, 2] })) }),
})
export const years = pipeline('years', () => {
  const { years: first } = rows({})
  predict(classifier({}))
  measure({})
  return query({ years: first })
})
`,
  })
  writeFileSync(project.path('zip.onnx'), Buffer.from(CLASSIFIER, 'base64'))
  const { steps } = await project.run('years')
  const names = ['place', '2001', '1999', 'constructor']
  expect(JSON.parse(steps['query']!.outputs!['names']!.text!)).toEqual(names)
  expect(steps['query']!.outputs!['years']!.digest).toBe(steps['rows']!.outputs!['years']!.digest)
  expect(steps['measure']!.error).toMatchObject({
    message: 'output "m" of measure: metric "auc.june" is the bigint 1n, not a finite number',
    next: 'convert it: Number(1n); integers are exact up to 2^53',
  })
  expect(steps['predict']!.error!.message).toContain('output "probabilities" of the model is a sequence or a map')
  const shown = await project.cairn('cat', 'years/latest/query/years')
  expect(shown.stdout.split('\n')[0]!.trim().split(/\s+/)).toEqual(names)
  expect(shown.stdout).toContain(' 7.2 ')
  expect(shown.stdout).toContain('floats are rounded to 6 digits; --json shows them exactly')
  const exact = JSON.parse((await project.cairn('--json', 'cat', 'years/latest/query/years')).stdout) as unknown
  expect(exact).toMatchObject({ columns: names.map((name) => ({ name })), rows: [['', 7.199999999999999, null, true]] })
})
