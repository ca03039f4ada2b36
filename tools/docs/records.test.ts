import { execFile } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recordSchemas, type RecordSchema } from '@cairn/records'
import { faultOf, schemaFile } from './records.fixture.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PAGE = join(ROOT, 'docs/consumers/records.md')
const CAIRN = join(ROOT, 'apps/cli/bin/cairn.js')
/** Set to write down what records are checked against now. */
const UPDATE = process.env['DOCS_UPDATE'] === '1'
const HOW = 'DOCS_UPDATE=1 npx vitest run tools/docs/records'

describe('the schemas of records in docs/consumers', () => {
  it.each(recordSchemas())('$name is what Cairn checks such records against', (kind) => {
    const file = schemaFile(kind)
    const now = `${JSON.stringify(kind.schema, null, 2)}\n`
    mkdirSync(dirname(file), { recursive: true })
    if (UPDATE) writeFileSync(file, now)
    expect(existsSync(file) && readFileSync(file, 'utf8'), HOW).toBe(now)
  })

  it('are complete', () => {
    const files = globSync(`${dirname(schemaFile({ name: '*' }))}/*`)
    expect(files.sort()).toEqual(recordSchemas().map(schemaFile).sort())
  })

  it('are documented on the page, each with its path and fields', () => {
    const [before, , after] = readFileSync(PAGE, 'utf8').split(/^<!-- (?:generated|end) -->\n/m)
    const now = `${before}<!-- generated -->\n\n${recordSchemas().map(section).join('\n')}\n<!-- end -->\n${after}`
    if (UPDATE) writeFileSync(PAGE, now)
    expect(readFileSync(PAGE, 'utf8'), HOW).toBe(now)
  })
})

/** What the page says of one kind of records. */
function section({ name, path, schema }: RecordSchema): string {
  const { description, properties, required } = schema as {
    description: string
    properties: Record<string, { description?: string; $ref?: string }>
    required: string[]
  }
  const fields = Object.entries(properties).filter(([field]) => field !== 'v' && field !== 'check')
  return [
    `### \`${path}\``,
    '',
    `${description} [JSON Schema](records/v1/${name}.schema.json).`,
    '',
    ...fields.map(
      ([field, { description = '' }]) =>
        `- \`${field}\`${required.includes(field) ? '' : ' (optional)'}: ${description}`,
    ),
    '',
  ].join('\n')
}

const SIZES = `import { each, list, pipeline, step, when } from '@cairn/kernel'
import { json, table } from '@cairn/kinds'
import { z } from 'zod'
const Int = json<number>()
export const load = step('load', {
  params: z.object({ count: z.number() }),
  outputs: { sizes: list(Int) },
  run: (_, { count }) => {
    console.log('loads', count)
    return { sizes: Array.from({ length: count }, (_, at) => at) }
  },
})
export const double = step('double', {
  inputs: { n: Int },
  outputs: { n: Int, rows: table({ at: 'int32' }) },
  retry: { times: 1, backoff: 1 },
  catch: () => ({ n: -1, rows: [] }),
  run: ({ n }) => {
    if (n === 2) throw new Error('no two', { cause: new TypeError('why') })
    return { n: 2 * n, rows: Array.from({ length: 1000 * n }, (_, at) => ({ at })) }
  },
})
export const sum = step('sum', {
  inputs: { all: list(Int) },
  outputs: { n: Int },
  run: async ({ all }) => ({ n: (await all.all()).reduce((a, b) => a + b, 0) }),
})
export const fails = step('fails', { inputs: { n: Int }, outputs: { n: Int }, run: () => { throw new Error('never') } })
const inline = step('inline', { outputs: { n: Int }, cache: { maxAge: '1h' }, run: () => ({ n: 1 }) })
const params = z.object({ count: z.number().default(4), breaks: z.boolean().default(false) })
export const sizes = pipeline('sizes', { params }, ({ count, breaks }) => {
  const { sizes } = load({}, { count })
  const doubled = each(sizes, (n) => double({ n }))
  const { n } = sum({ all: doubled.n })
  const chosen = when(breaks, () => fails({ n }), () => sum({ all: sizes }))
  return { n, chosen: chosen.n, rows: doubled.rows, one: inline({}).n }
})
`

describe('every record that runs in one process leave', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-records-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  beforeAll(async () => {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'sizes.pipeline.ts'), SIZES)
    writeFileSync(
      join(folder, 'package.json'),
      '{ "type": "module", "cairn": { "pipelines": ["*.pipeline.ts", "node_modules/@cairn/pipelines/src/penguins/pipeline.ts"] } }',
    )
  })

  it('fits its schema', async () => {
    const cairn = async (...args: string[]) => {
      const { stderr, code } = await promisify(execFile)(process.execPath, [CAIRN, ...args], { cwd: folder }).then(
        ({ stderr }) => ({ stderr, code: 0 }),
        ({ stderr, code }: { stderr: string; code: number }) => ({ stderr, code }),
      )
      return { stderr, code, args }
    }
    expect(await cairn('run', 'penguins')).toMatchObject({ code: 0 })
    expect(await cairn('run', 'sizes')).toMatchObject({ code: 0 })
    expect(await cairn('run', 'sizes', '--set', 'breaks=true')).toMatchObject({ code: 3 })
    expect(await cairn('run', 'penguins', '--from', 'train-classifier')).toMatchObject({ code: 0 })
    expect(await cairn('play', 'penguins', '--set', 'split-penguins.testShare=0.5')).toMatchObject({ code: 0 })
    const store = join(folder, '.cairn')
    const all = globSync('**/*', { cwd: store, withFileTypes: true }).filter((file) => file.isFile())
    const records = all
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter(
        (path) => /\/(runs|checkpoints|code|refs|leases|unfits|submissions)\//.test(path) && !path.endsWith('.mjs'),
      )
    const met = new Set<string>()
    for (const path of records) met.add(faultOf(path.slice(store.length + 1), readFileSync(path)) ?? '')
    expect([...met]).toEqual([''])
    expect(records.length).toBeGreaterThan(60)
  })
})
