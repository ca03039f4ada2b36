import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { Services, type Control } from './services.fixture.ts'
import { TemporaryProject } from './temporary-project.fixture.ts'

const servers = inject('servers')

/** What it depends on: its own code, a module and a package beside it, when it was loaded, and what it remembers. */
const pipelineOf = (own: string) => `
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
import { beside } from './beside.ts'
import { installed } from 'installed'

const loadedAt = String(process.hrtime.bigint())
let counted = 0
const params = z.object({
  own: z.string().default('${own}'),
  beside: z.string().default(beside),
  installed: z.string().default(installed),
  loadedAt: z.string().default(loadedAt),
  counted: z.string().default(() => String(++counted)),
})
export const work = step('work', { params: z.object({ own: z.string() }), outputs: { n: json<number>() }, run: () => ({ n: 1 }) })
export const warm = pipeline('warm', { params }, ({ own }) => work({}, { own }))
`
const module = (name: string, value: string) => `export const ${name} = '${value}'\n`
const required = `
import { createRequire } from 'node:module'
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'

const { count } = createRequire(import.meta.url)('./count.cjs')
const params = z.object({ counted: z.string().default(() => String(count())) })
export const work = step('work', { outputs: { n: json<number>() }, run: () => ({ n: 1 }) })
export const requiring = pipeline('requiring', { params }, () => work({}))
`
const restless = `
import { writeFileSync } from 'node:fs'
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { now } from './now.ts'

writeFileSync(new URL('./now.ts', import.meta.url), 'export const now = ' + process.hrtime.bigint() + 'n\\n')
export const work = step('work', { outputs: { n: json<number>() }, run: () => ({ n: 1 }) })
export const changing = pipeline('changing', () => (now ? work({}) : {}))
`

describe.skipIf(!servers)('planners that are kept for the next plan', () => {
  const env = `planners-${randomUUID().slice(0, 8)}`
  const project = new TemporaryProject('orders', env)
  let services: Services
  let control: Control

  const write = (file: string, text: string) => {
    const path = project.path(file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }
  const setPipelines = (...pipelines: string[]) => {
    const settings = JSON.parse(readFileSync(project.path('package.json'), 'utf8')) as { cairn: object }
    write('package.json', JSON.stringify({ ...settings, cairn: { ...settings.cairn, pipelines } }))
  }

  beforeAll(async () => {
    write('warm/warm.pipeline.ts', pipelineOf('first'))
    write('warm/beside.ts', module('beside', 'first'))
    write('warm/node_modules/installed/package.json', '{"name":"installed","version":"1.0.0","type":"module"}')
    write('warm/node_modules/installed/index.js', module('installed', 'first'))
    setPipelines('warm/*.pipeline.ts')
    services = await Services.open(servers!, { env, root: project.root, pipelines: [] })
    control = await services.control({ CAIRN_SWEEP: '3600', CAIRN_PLANNERS: '1' })
  })
  afterAll(async () => {
    await services?.close()
    project.remove()
  })

  const planned = async (pipeline = 'warm') => {
    const run = await control.client.start(pipeline)
    return (await control.client.show(pipeline, run)).plan.params as Record<string, string>
  }

  it('plan like a new process: modules are loaded again, without earlier state', async () => {
    const plans = [await planned(), await planned(), await planned()]
    expect(new Set(plans.map(({ counted }) => counted)).size).toBe(1)
    expect(new Set(plans.map(({ loadedAt }) => loadedAt)).size).toBe(3)
    expect(plans[0]).toMatchObject({ own: 'first', beside: 'first', installed: 'first' })
  })

  it('plan with the current code: of the pipeline, its imports and packages', async () => {
    write('warm/beside.ts', module('beside', 'second'))
    expect(await planned()).toMatchObject({ own: 'first', beside: 'second', installed: 'first' })
    write('warm/node_modules/installed/index.js', module('installed', 'other'))
    expect(await planned()).toMatchObject({ own: 'first', beside: 'second', installed: 'other' })
    write('warm/warm.pipeline.ts', pipelineOf('third'))
    expect(await planned()).toMatchObject({ own: 'third', beside: 'second', installed: 'other' })
    // Installed anew, though none of the files that were loaded has changed.
    write('warm/warm.pipeline.ts', pipelineOf('third').replace("from 'installed'", "from 'aside'"))
    const missing = await control.client.ask('POST', '/v1/pipelines/warm/runs', {})
    expect([missing.status, missing.body]).toMatchObject([422, { code: 'BAD_DEFINITION' }])
    write('warm/node_modules/aside/package.json', '{"name":"aside","version":"1.0.0","type":"module"}')
    write('warm/node_modules/aside/index.js', module('installed', 'nearer'))
    expect(await planned()).toMatchObject({ own: 'third', installed: 'nearer' })
  })

  it('plan new pipelines, and no removed ones', async () => {
    write('more/requiring.pipeline.ts', required)
    write('more/count.cjs', 'let counted = 0\nexports.count = () => ++counted\n')
    setPipelines('warm/*.pipeline.ts', 'more/*.pipeline.ts')
    expect(await planned('requiring')).toEqual(await planned('requiring'))
    setPipelines('warm/*.pipeline.ts')
    const gone = await control.client.ask('POST', '/v1/pipelines/requiring/runs', {})
    expect([gone.status, gone.body]).toMatchObject([404, { code: 'NOT_FOUND' }])
  })

  it('report an uncaught error of a module, and plan again once it is fixed', async () => {
    setPipelines('warm/*.pipeline.ts')
    const good = pipelineOf('good')
    write('warm/warm.pipeline.ts', good)
    expect(await planned()).toMatchObject({ own: 'good' })
    write('warm/warm.pipeline.ts', good.replace('\n', "void Promise.reject(new Error('alone'))\n"))
    const { status, body } = await control.client.ask('POST', '/v1/pipelines/warm/runs', {})
    const detail = 'uncaught error at warm/warm.pipeline.ts:1: alone'
    expect([status, body]).toMatchObject([422, { code: 'BAD_DEFINITION', detail }])
    write('warm/warm.pipeline.ts', good)
    expect(await planned()).toMatchObject({ own: 'good' })
  })

  it('refuse to plan with files that change during planning', async () => {
    write('restless/now.ts', 'export const now = 1n\n')
    write('restless/changing.pipeline.ts', restless)
    setPipelines('restless/*.pipeline.ts')
    const { status, body } = await control.client.ask('POST', '/v1/pipelines/changing/runs', {})
    expect([status, body]).toMatchObject([409, { code: 'CONFLICT' }])
  })
})
