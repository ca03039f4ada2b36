import { existsSync, readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CairnEvent, EndRecord, Outcome, RunStatus } from '@cairn/records'
import {
  planRun,
  findProject,
  loadPipeline,
  stepsOf,
  readEnds,
  runNames,
  Workspace,
  type PlannedRun,
  type RunRequest,
} from '@cairn/workspace'
import { TemporaryProject } from '@cairn/workspace/project.fixture'
import { openPool, startRun, type RunOptions } from './run.ts'

const HEAD = `import { existsSync, writeFileSync } from 'node:fs'
import { fromFile } from '@cairn/connectors'
import { pipeline, source, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
const Int = json<number>()
const n = { outputs: { n: Int } }
export const load = step('load', { ...n, params: z.object({ from: z.number().default(20) }), run: (_, { from }) => ({ n: from }) })
export const double = step('double', { ...n, inputs: { n: Int }, run: ({ n }) => ({ n: 2 * n }) })
`

interface Ended {
  readonly status: RunStatus
  readonly items: Readonly<Record<string, Outcome>>
  readonly events: readonly CairnEvent[]
}

describe('a run in this process', () => {
  let project: TemporaryProject
  beforeEach(() => (project = new TemporaryProject()))
  afterEach(() => {
    vi.unstubAllEnvs()
    project.remove()
  })

  const open = () => new Workspace(findProject(project.root))
  const plan = async (name: string, request: RunRequest = {}, workspace = open()): Promise<PlannedRun> =>
    planRun(workspace, await loadPipeline(workspace.project, name), request)

  /** Plans and runs as a process of its own would: with nothing in hand but what the store and its cache hold. */
  const run = async (
    name: string,
    request: RunRequest = {},
    options: RunOptions = {},
    workspace = open(),
  ): Promise<Ended> => {
    const loaded = await loadPipeline(workspace.project, name)
    const planned = await planRun(workspace, loaded, request)
    const events: CairnEvent[] = []
    const { ended } = startRun(workspace, planned.plan, {
      live: stepsOf(loaded.pipeline),
      onEvent: (event) => events.push(event),
      ...options,
    })
    const status = await ended
    return { status, items: inputsOf(await readEnds(workspace.store, workspace.at(name), planned.plan.run)), events }
  }
  const inputsOf = (ends: ReadonlyMap<string, EndRecord>) =>
    Object.fromEntries([...ends].map(([task, { items }]) => [task, items[0]!]))
  const how = ({ items }: Pick<Ended, 'items'>) =>
    Object.fromEntries(
      Object.entries(items).map(([task, outcome]) => [task, 'how' in outcome ? outcome.how : outcome.status]),
    )

  describe('of a chain of steps', () => {
    beforeEach(() =>
      project.write({ 'chain.pipeline.ts': `${HEAD}export const chain = pipeline('chain', () => double(load({})))` }),
    )

    it('computes, and the next one reuses', async () => {
      const first = await run('chain')
      expect(first.status).toBe('completed')
      expect(how(first)).toEqual({ load: 'computed', double: 'computed' })
      expect(first.items['double']).toMatchObject({ outputs: { n: { text: '40' } } })
      expect(how(await run('chain'))).toEqual({ load: 'reused', double: 'reused' })
      const changed = await run('chain', { settings: { 'load.from': 3 } })
      expect(how(changed)).toEqual({ load: 'computed', double: 'computed' })
      expect(changed.items['double']).toMatchObject({ outputs: { n: { text: '6' } } })
    })

    it('reports its events from start to end', async () => {
      const { events } = await run('chain')
      expect(events.map(({ type, data }) => [type, data.node].filter(Boolean).join(' '))).toEqual([
        'cairn.run-started',
        'cairn.attempt-started load',
        'cairn.completed load',
        'cairn.attempt-started double',
        'cairn.completed double',
        'cairn.run-ended',
      ])
    })

    it('keeps its history and leaves no work in progress', async () => {
      await run('chain')
      expect(open().history.expected('chain', 'double')).toMatchObject({ runs: 1 })
      expect(readdirSync(project.path('.cairn/tmp'))).toEqual([])
    })

    it('runs as planned, for the planned reasons', async () => {
      await run('chain')
      const planned = await plan('chain', { settings: { 'load.from': 3 } })
      expect(planned.nodes.get('load')).toMatchObject({ run: 1, depends: false })
      expect(planned.nodes.get('double')).toMatchObject({ depends: true })
      expect(await planned.reasons('load')).toEqual([{ because: 'parameter', name: 'from', before: 20, after: 3 }])
    })

    it('starts in the middle from a base, and names the outputs that would differ today', async () => {
      await run('chain')
      const [base] = await runNames(open().store, open().at('chain'))
      const request = { from: ['double'] }
      expect((await plan('chain', request)).stale).toEqual(new Map())
      const stale = await plan('chain', { ...request, base: 'latest', settings: { 'load.from': 3 } })
      expect(stale.plan).toMatchObject({ parent: base, nodes: { load: { type: 'given', from: base } } })
      expect(stale.stale).toEqual(new Map([['load', [{ because: 'parameter', name: 'from', before: 20, after: 3 }]]]))
      expect(how(await run('chain', { ...request, force: ['double'] }))).toEqual({ double: 'computed' })
    })

    it('fails as a whole if the store refuses its records, instead of hanging', async () => {
      const workspace = open()
      const { store } = workspace
      const create: typeof store.create = async (path, bytes) => {
        if (path.includes('/ends/')) throw new Error('no space left')
        return store.create(path, bytes)
      }
      Object.assign(workspace, { store: { ...store, create } })
      await expect(run('chain', {}, {}, workspace)).rejects.toThrow('no space left')
    })

    it('can be cancelled as soon as it has started', async () => {
      const workspace = open()
      const { plan: made } = await plan('chain', {}, workspace)
      const running = startRun(workspace, made)
      await running.cancel()
      expect(await running.ended).toBe('cancelled')
    })
  })

  it('fails with its step, runs no later step, and reuses finished ones', async () => {
    project.write({
      'failing.pipeline.ts': `${HEAD}
export const fail = step('fail', { ...n, inputs: { n: Int }, run: ({ n }): { n: number } => { throw new Error('no ' + n) } })
export const failing = pipeline('failing', () => double(fail(load({}))))`,
    })
    const first = await run('failing')
    expect(first.status).toBe('failed')
    expect(how(first)).toEqual({ load: 'computed', fail: 'failed', double: 'blocked' })
    expect(first.items['fail']).toMatchObject({ error: { code: 'STEP_FAILED', message: 'no 20' } })
    expect(how(await run('failing'))).toEqual({ load: 'reused', fail: 'failed', double: 'blocked' })
  })

  it('is cancelled in the middle of a step, and reuses finished steps', async () => {
    const [began, goOn] = [project.path('began'), project.path('go-on')]
    project.write({
      'long.pipeline.ts': `${HEAD}
export const wait = step('wait', { ...n, inputs: { n: Int }, acknowledge: ['files'], run: async ({ n }) => {
  writeFileSync(${JSON.stringify(began)}, '')
  while (!existsSync(${JSON.stringify(goOn)})) await new Promise((later) => setTimeout(later, 5))
  return { n }
} })
export const long = pipeline('long', () => double(wait(load({}))))`,
    })
    const workspace = open()
    const loaded = await loadPipeline(workspace.project, 'long')
    const { plan } = await planRun(workspace, loaded)
    const running = startRun(workspace, plan)
    await vi.waitUntil(() => existsSync(began), 300_000)
    await running.cancel()
    expect(await running.ended).toBe('cancelled')
    const items = inputsOf(await readEnds(workspace.store, workspace.at('long'), plan.run))
    expect(how({ items })).toEqual({ load: 'computed', wait: 'cancelled', double: 'cancelled' })

    project.write({ 'go-on': '' })
    const again = await run('long')
    expect(how(again)).toEqual({ load: 'reused', wait: 'computed', double: 'computed' })
    expect(again.items['double']).toMatchObject({ outputs: { n: { text: '40' } } })
  })

  it('computes a step without an export every time, in this process', async () => {
    project.write({
      'inline.pipeline.ts': `${HEAD}
const hidden = step('hidden', { ...n, inputs: { n: Int }, run: ({ n }) => ({ n: n + 1 }) })
export const inline = pipeline('inline', () => double(hidden(load({}))))`,
    })
    expect(how(await run('inline'))).toEqual({ load: 'computed', hidden: 'computed', double: 'computed' })
    expect(how(await run('inline'))).toEqual({ load: 'reused', hidden: 'computed', double: 'reused' })
    expect((await (await plan('inline')).reasons('hidden'))[0]).toEqual({
      because: 'never',
      text: 'it is not exported by any module that inline.pipeline.ts imports',
    })
    const unknown = await run('inline', {}, { live: new Map() })
    expect(unknown.items['hidden']).toMatchObject({ error: { code: 'BAD_DEFINITION' } })
  })

  it('runs only short, harmless steps in this process, and the others in the pool', async () => {
    project.write({
      'data.txt': 'some',
      'mixed.pipeline.ts': `${HEAD}
const give = { ...n, inputs: { n: Int }, run: ({ n }: { n: number }) => ({ n }) }
export const plain = step('plain', give)
export const timed = step('timed', { ...give, timeout: '1h' })
export const bounded = step('bounded', { ...give, memory: '1GB' })
export const trusted = step('trusted', { ...give, secrets: ['TOKEN'] })
export const prints = step('prints', { ...n, inputs: { n: Int }, run: ({ n }) => (console.log(n), { n }) })
export const looks = step('looks', { ...n, inputs: { n: Int }, acknowledge: ['files'], run: ({ n }) => ({ n: n + (existsSync('x') ? 1 : 0) }) })
export const reads = source('reads', { reads: { data: fromFile('data.txt') }, ...n, run: () => ({ n: 1 }) })
export const caught = step('caught', { outputs: { n: Int }, inputs: { n: Int }, catch: () => { console.log('caught'); return { n: 0 } }, run: ({ n }): { n: number } => { throw new Error('no ' + n) } })
export const slow = step('slow', give)
export const unknown = step('unknown', give)
const inline = step('inline', give)
export const mixed = pipeline('mixed', () => {
  const given = load({})
  const outputs = Object.fromEntries([plain, timed, bounded, trusted, prints, looks, caught, slow, unknown, inline].map((one) => [one.name, one(given).n]))
  return { ...outputs, reads: reads({}).n }
})`,
    })
    vi.stubEnv('CAIRN_SECRET_TOKEN', 'a-b-c')
    const workspace = open()
    const steps = [...stepsOf((await loadPipeline(workspace.project, 'mixed')).pipeline).keys()]
    for (const step of steps) if (step !== 'unknown') workspace.history.add('mixed', step, step === 'slow' ? 500 : 1)
    const pooled = new Set<string>()
    const pool = openPool(workspace, 2)
    const watched = {
      ...pool,
      run: (...[work, signal]: Parameters<typeof pool.run>) => {
        pooled.add(work.step)
        return pool.run(work, signal)
      },
    }
    const { status, items } = await run('mixed', {}, { pool: watched }, workspace)
    expect(status).toBe('completed')
    expect(steps.filter((step) => !pooled.has(step))).toEqual(['load', 'plain', 'inline'])
    expect(items['caught']).toMatchObject({ how: 'caught' })
  })
})
