import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const project = new CliProject({
  'exact.pipeline.ts': `import { each, list, pipeline, step } from '@cairn/kernel'
import { json, metrics, sql, table } from '@cairn/kinds'
import { z } from 'zod'
const Value = json(z.object({ given: z.number(), both: z.array(z.number()) }))
const Measured = metrics({ zero: 'number' })
const Rows = table({ one: 'float64', listed: 'float64' })
export const make = step('make', {
  params: z.object({ n: z.number(), text: z.string() }),
  outputs: { value: Value, zeros: list(json<number>()), measured: Measured, rows: Rows },
  run: (_, { n }) => ({
    value: { given: n, both: [-0, 0] },
    zeros: [-0, 0],
    measured: { zero: -0 },
    rows: sql\`select \${n}::double as one, (\${[n]}::double[])[1] as listed\`,
  }),
})
export const tell = step('tell', {
  inputs: { value: Value, zero: json<number>(), measured: Measured, rows: Rows },
  params: z.object({ n: z.number() }),
  outputs: { signs: json<string>() },
  run: async ({ value, zero, measured, rows }, { n }) => {
    const [row] = await rows.toArray()
    const all = [zero, n, value.given, ...value.both, measured.zero, row!.one, row!.listed]
    return { signs: all.map((number) => (Object.is(number, -0) ? '-0' : String(number))).join(' ') }
  },
})
export const gather = step('gather', {
  inputs: { signs: list(json<string>()) },
  outputs: { all: json<string[]>() },
  run: async ({ signs }) => ({ all: await signs.all() }),
})
const params = z.object({ n: z.number().default(1), text: z.string().default('') })
export const exact = pipeline('exact', { params }, ({ n, text }) => {
  const { value, zeros, measured, rows } = make({}, { n, text })
  const { signs } = each(zeros, (zero) => tell({ value, zero, measured, rows }, { n }))
  return gather({ signs })
})
`,
})

it('preserves the sign of zero in parameters, JSON, lists, metrics and queries', async () => {
  const { status } = await project.run('exact', '--set', 'n=-0')
  expect(status).toBe('completed')
  expect(JSON.parse((await project.cairn('cat', 'exact/latest/gather/all', '--raw')).stdout)).toEqual([
    '-0 -0 -0 -0 0 -0 -0 -0',
    '0 -0 -0 -0 0 -0 -0 -0',
  ])
  expect((await project.cairn('cat', 'exact/latest/make/value', '--raw')).stdout).toBe('{"both":[-0,0],"given":-0}')
  const other = await project.run('exact', '--set', 'n=0')
  expect(other.steps['make']!.how).toBe('computed')
  expect((await project.cairn('cat', 'exact/latest/make/value', '--raw')).stdout).toBe('{"both":[-0,0],"given":0}')
})

it('refuses a number that would be rounded, from the command line and from a file, and names it', async () => {
  for (const text of ['9007199254740993', '1e400', '0.1234567890123456789', '1e-400']) {
    const { code, stderr } = await project.cairn('plan', 'exact', '--set', `n=${text}`)
    expect(code).toBe(1)
    expect(stderr).toContain(`${text} cannot be stored exactly`)
  }
  project.write({ 'params.json': '{ "n": 9007199254740993 }' })
  const { code, stderr } = await project.cairn('plan', 'exact', '--params', 'params.json')
  expect(code).toBe(1)
  expect(stderr).toContain('params.json: 9007199254740993 cannot be stored exactly')
})

const METRICS = `import { pipeline, step } from '@cairn/kernel'
import { json, metrics } from '@cairn/kinds'
import { z } from 'zod'
export const measure = step('measure', {
  params: z.object({ scale: z.number().default(0.999999999) }),
  outputs: { m: metrics(), values: json<object>() },
  run: (_, { scale }) => ({
    m: { accuracy: scale, revenue: 123456789.123, near: 0.999999, rows: 3000000, year: 2 ** 60, tiny: 1.23456789e-9, none: 0 * -scale },
    values: {},
  }),
})
export const measured = pipeline('measured', () => ({ m: measure({}).m }))
`

it('shows a metric exactly, or shortened if it is long; different metrics never look the same', async () => {
  const project = new CliProject({ 'measured.pipeline.ts': METRICS })
  const shown = [
    [/accuracy +0\.999999999\n/, /accuracy 0\.999999999\b/],
    [/revenue +123456789\.12…\n/, /revenue 123456789\.12…/],
    [/near +0\.999999\n/, /near 0\.999999/],
    [/rows +3,000,000\n/],
    [/tiny +1\.2345678…e-9\n/],
    [/none +-0\n/],
    [/year +1,152,921,504,606,847,000\n/],
  ] as const
  const { stdout: run } = await project.cairn('run', '--progress', 'none')
  const { stdout: show } = await project.cairn('show', 'measured/latest')
  const { stdout: runs } = await project.cairn('runs')
  for (const [table, inLine] of shown) {
    expect(run).toMatch(table)
    expect(show).toMatch(table)
    if (inLine) expect(runs).toMatch(inLine)
  }
  expect(runs).toMatch(/ {2}…\n$/)
  const [line] = JSON.parse((await project.cairn('--json', 'runs')).stdout) as { metrics: object }[]
  expect(line!.metrics).toMatchObject({ revenue: 123456789.123, tiny: 1.23456789e-9 })

  const set = ['--set', 'measure.scale=0.9999999991']
  expect((await project.cairn('plan', ...set)).stdout).toContain('params.scale 0.999999999 -> 0.9999999991')
  await project.run('measured', '--set', 'measure.scale=0.9999999990000003')
  await project.run('measured', '--set', 'measure.scale=0.9999999990000004')
  const [one, other] = JSON.parse((await project.cairn('--json', 'runs')).stdout) as { run: string }[]
  const { stdout: diff } = await project.cairn('diff', `measured/${other!.run}`, `measured/${one!.run}`)
  expect(diff).toMatch(/metric +measure\.accuracy +0\.9999999990000003 +0\.9999999990000004 {2}\(\+1\.1…?\d*…?e-16\)/)
  expect(diff).toMatch(/parameter +measure\.scale +0\.9999999990000003 +0\.9999999990000004/)
  const of = await project.cairn('diff', `measured/${other!.run}`, `measured/${one!.run}`, '--of', 'measure/m')
  expect(of.stdout).toMatch(/accuracy +0\.9999999990000003 -> 0\.9999999990000004/)
  const played = await project.cairn('play', '--matrix', 'measure.scale=0.9999999990000003,0.9999999990000004')
  expect(played.stdout).toMatch(
    /0\.9999999990000004 +0\.9999999990000004 [^]*0\.9999999990000003 +0\.9999999990000003 /,
  )
})

it('says why a type cannot hold a value, and what to do about it', async () => {
  const cases: Readonly<Record<string, readonly [kind: string, value: string, message: string, next: string]>> = {
    rows: [
      `table({ a: 'int64' })`,
      '[{ a: 9007199254740992 }]',
      'row 0: is 9007199254740992, too large',
      'declare the column "bigint"',
    ],
    small: [`table({ a: 'int8?' })`, '[{ a: 1e300 }]', 'row 0: is 1e+300, too large', 'int8 cannot hold it'],
    big: [`table({ a: 'int64' })`, '[{ a: 5n }] as any', 'row 0: is 5n, a bigint', 'return Number(5)'],
    array: [
      `table({ a: 'int64' })`,
      '{ a: new Float64Array([1, 2 ** 53]) }',
      'row 1: is 9007199254740992, too large',
      '"bigint"',
    ],
    arrow: [
      `table({ a: 'int64' })`,
      'new Table({ a: vectorFromArray([9007199254740993n], new Int64()) })',
      'row 0: is 9007199254740993n, too large',
      '"bigint"',
    ],
    part: [`table({ a: 'int64' })`, '[{ a: 1.5 }]', 'row 0: is 1.5, not an integer', ''],
    year: [
      `table({ a: 'timestamp' })`,
      `[{ a: new Date('+275760-09-13') }]`,
      'which timestamp cannot hold',
      'the years 1 to 9999',
    ],
    micro: [
      `table({ a: 'timestamp' })`,
      "sql`select timestamp '2001-01-01 00:00:00.0001' as a`",
      'which timestamp cannot hold',
      'date_trunc',
    ],
    double: [
      `table({ a: 'int32' })`,
      'sql`select 1.5::double as a`',
      'column "a" is declared int32, but it is DOUBLE',
      'round("a")::INTEGER or floor("a")::INTEGER',
    ],
    decimal: [
      `table({ a: 'int64' })`,
      'sql`select 1.5::decimal(3,1) as a`',
      'column "a" is declared int64, but it is DECIMAL(3,1)',
      'round("a")::BIGINT',
    ],
    text: [
      `table({ a: 'int32' })`,
      "sql`select '1' as a`",
      'column "a" is declared int32, but it is VARCHAR',
      'cast it in the query: "a"::INTEGER',
    ],
    hole: ['json<unknown>()', '{ b: [undefined] }', 'value.b[0] is undefined', ''],
    fine: ['json<unknown>()', '{ a: undefined, b: { c: undefined } }', '', ''],
  }
  const names = Object.keys(cases)
  const own = new CliProject({
    'holds.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json, sql, table } from '@cairn/kinds'
import { Int64, Table, vectorFromArray } from 'apache-arrow'
${names.map((name) => `export const ${name} = step('${name}', { outputs: { v: ${cases[name]![0]} }, run: (): any => ({ v: ${cases[name]![1]} }) })`).join('\n')}
export const holds = pipeline('holds', () => ({ ${names.map((name) => `${name}: ${name}({}).v`).join(', ')} }))
`,
  })
  const { steps } = await own.run('holds')
  for (const [name, [, , message, next]] of Object.entries(cases)) {
    if (message === '') continue
    expect(steps[name]?.error?.message, name).toContain(message)
    expect(steps[name]?.error?.next ?? '', name).toContain(next)
  }
  expect(steps['fine']?.outputs?.['v']?.text).toBe('{"b":{}}')
}, 60_000)
