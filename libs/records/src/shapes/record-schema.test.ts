import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomPipeline } from '@cairn/engine/simulation/pipelines'
import { trialHost } from '@cairn/engine/simulation/trial'
import { randomFrom } from '@cairn/engine/simulation/world'
import { altered } from '@cairn/maintenance/damaged.fixture'
import { recordSchemas } from './record-schema.ts'
import { decodeRecord } from '../records.ts'
import type { JsonSchema } from './shape.ts'

const placed = { type: 'step', scope: [], guards: [], step: 's', inputs: {}, params: {} }
const plan = {
  v: 1,
  run: 'r',
  env: 'local',
  pipeline: 'p',
  createdAt: 1,
  params: {},
  steps: { s: { code: { inline: 'x' }, source: false, outputs: {} } },
  nodes: { a: placed },
  outputs: {},
}
const withNode = (change: object) => ({ ...plan, nodes: { ...plan.nodes, b: { ...placed, ...change } } })
const deep = JSON.parse('['.repeat(300) + ']'.repeat(300)) as unknown

/** What no JSON Schema can say, each with an example: docs/consumers/records.md lists it. */
const BEYOND_SCHEMAS: readonly (readonly [refusal: RegExp, example: object])[] = [
  [/ is nested more than \d+ levels deep$/, { ...plan, params: { deep } }],
  [/ belongs to another (env|pipeline|run|step|key): /, { ...plan, run: 'another' }],
  [/ refers to step .*, which is missing/, withNode({ step: 'another' })],
  [/ is inside .*, which is missing or not the enclosing `each`$/, withNode({ scope: ['a'] })],
  [/ reads .*, which is missing$/, withNode({ inputs: { i: { node: 'another', output: 'o' } } })],
  [/ depends on itself$/, withNode({ inputs: { i: { node: 'b', output: 'o' } } })],
]

const error = { code: 'STEP_FAILED', name: 'Error', message: 'no', fields: { code: 1 } }
const thrown = { ...error, cause: { message: 'x', errors: [{ message: 'y' }] }, leftOut: { count: 2, names: ['z'] } }
const before = { run: 'a', since: 1, by: 'ada', from: 'b', told: true }

/** Of the kinds that pipelines in one process do not leave. */
const RARE: Readonly<Record<string, object>> = {
  'runs/r/holder': { v: 1, host: 'h', since: 1 },
  'runs/r/unfits/load-12': { v: 1, task: 'load', at: 1, host: 'h', error: thrown },
  'runs/r/logs/load-1-0': { v: 1, lines: [{ stream: 'stdout', at: 1, line: 'x', item: '3' }], left: 2 },
  'code/f-1.json': {
    v: 1,
    fingerprint: 'f',
    declarations: [{ name: 'load', file: 'a.ts', line: 1, hash: 'h', refs: ['1.0'], via: -1 }],
    packages: [{ name: 'zod', version: '4.0.0', integrity: 'i', via: 0 }],
    reaches: [{ what: 'clock', detail: 'Date.now()', line: 2, via: 0 }],
    imports: { zod: '.' },
  },
  'refs/production': { v: 1, ...before, previous: { ...before, previous: before } },
  'leases/l': { v: 1, holder: 'h', beat: 3, run: 'p/r' },
  'local/p/collected': { v: 1, at: 1, host: 'h', report: { runs: ['a'], checkpoints: 1, freed: 7, damaged: [] } },
  'queues@local/running': { v: 1, runs: [{ pipeline: 'p', run: 'r' }] },
  'submissions/s': { v: 1, run: 'r', request: 'd' },
  'runs/r/ends/lost': {
    v: 1,
    status: 'failed',
    items: [{ status: 'failed', error: thrown }],
    counts: {},
    attempts: 2,
    failures: [thrown],
    startedAt: 1,
    endedAt: 2,
    host: 'h',
  },
}

const schemas = recordSchemas()
const ajv = new Ajv2020({ allErrors: false })
const known = schemas.map(({ name, isAt, schema }) => ({ name, isAt, schema, validate: ajv.compile(schema) }))
const schemaAt = (path: string): (typeof known)[number] => {
  const found = known.filter(({ isAt }) => isAt(path))
  expect(found, path).toHaveLength(1)
  return found[0]!
}
const faultOf = (validate: ValidateFunction, record: unknown): string | undefined =>
  validate(record) ? undefined : ajv.errorsText(validate.errors)

/** Every record that generated pipelines leave, and one of each other kind, by path. */
async function samples(): Promise<Map<string, object>> {
  const all = new Map(Object.entries(RARE))
  for (let seed = 1; seed <= 25; seed++) {
    const { pipeline } = randomPipeline(randomFrom(seed))
    const host = trialHost()
    await host.run(pipeline)
    for (const [path, bytes] of host.files)
      if (!/\/objects\/|\.mjs$/.test(path)) all.set(`${seed}/${path}`, decodeRecord(bytes, path))
  }
  return all
}

describe('the schema of a record', () => {
  it('accepts every record of runs, and exists for each kind', async () => {
    const met = new Set<string>()
    for (const [path, record] of await samples()) {
      const { name, validate } = schemaAt(path)
      met.add(name)
      expect(faultOf(validate, record), path).toBeUndefined()
    }
    expect([...met].sort()).toEqual(schemas.map(({ name }) => name).sort())
  })

  it('refuses exactly what Cairn refuses, except for what schemas cannot express', async () => {
    const all = [...(await samples())]
    const byKind = Map.groupBy(all, ([path]) => schemaAt(path).name)
    let refused = 0
    const any = fc.constantFrom(...byKind.values()).chain((of) => fc.constantFrom(...of))
    fc.assert(
      fc.property(any, fc.nat(), fc.nat(), ([path, record], where, how) => {
        const text = altered(record, where, how)
        const { validate } = schemaAt(path)
        const bySchema = faultOf(validate, JSON.parse(text))
        const byCairn = refusalOf(text, path.replace(/^\d+\//, ''))
        const isBeyond = BEYOND_SCHEMAS.some(([refusal]) => refusal.test(byCairn ?? ''))
        const told = `${path}: ${byCairn} / ${bySchema}: ${text.slice(0, 2_000)}`
        if (!isBeyond) expect(bySchema === undefined, told).toBe(byCairn === undefined)
        if (bySchema !== undefined) refused++
      }),
      { numRuns: 4_000 },
    )
    expect(refused).toBeGreaterThan(1_000)
  })

  it.each(BEYOND_SCHEMAS)('cannot express %s', (refusal, record) => {
    const path = 'local/p/runs/r/plan'
    expect(refusalOf(JSON.stringify(record), path)).toMatch(refusal)
    expect(faultOf(schemaAt(path).validate, record)).toBeUndefined()
  })

  it('names its version, and describes every field', () => {
    for (const { schema, name } of known) {
      expect(schema['$id']).toBe(`urn:cairn:record:v1:${name}`)
      expect(undescribed(schema, name)).toEqual([])
    }
  })
})

function refusalOf(text: string, path: string): string | undefined {
  try {
    decodeRecord(Buffer.from(text), path)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Fields of which it is not said what they mean. */
function undescribed(schema: JsonSchema, path: string): string[] {
  return Object.entries(schema).flatMap(([keyword, part]) => {
    if (typeof part !== 'object' || part === null) return []
    const inside = undescribed(part as JsonSchema, `${path}/${keyword}`)
    if (keyword !== 'properties') return inside
    const fields = Object.entries(part as Record<string, JsonSchema>)
    return [
      ...fields.flatMap(([name, of]) =>
        of['description'] === undefined && !('const' in of) ? [`${path}.${name}`] : [],
      ),
      ...inside,
    ]
  })
}
