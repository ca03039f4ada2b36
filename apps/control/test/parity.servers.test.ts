import { hash, randomUUID } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { findProject, loadPipeline, planRun, readEnds, readRun, Workspace, type RunRequest } from '@cairn/workspace'
import { startRun } from '@cairn/embedded'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import type { ShownRun } from './client.fixture.ts'
import { Services, type Control, type Service } from './services.fixture.ts'
import { computed, snapshot, type Snapshot } from './snapshot.fixture.ts'
import { TemporaryProject } from './temporary-project.fixture.ts'

const PIPELINE = 'everything'
const STEPS = [
  ...['load', 'poll', 'add', 'range', 'sum', 'is-even', 'score', 'make', 'read'],
  ...['flaky', 'slow', 'hungry', 'careful', 'fresh', 'trusted'],
]
const SECRET = 'correct-horse-battery'
const OTHER_SECRET = 'staple-of-another-kind'
/** Computed by each run: never reused, or too old at once. */
const ALWAYS = ['fresh', 'policies.poll']

/** Of each feature but what goes wrong slowly. */
const MOST = {
  until: [
    ...['joins.all', 'maps.sum-plain', 'maps.sum-nested', 'branches.after', 'branches.sum-mixed'],
    ...['policies.after-catch', 'policies.poll', 'read', 'after-fresh'],
  ],
}

const servers = inject('servers')

describe.skipIf(!servers)('a pipeline with every feature, locally and on services', () => {
  const env = `parity-${randomUUID().slice(0, 8)}`
  /** Two copies: where a project lies must not count. */
  const [here, there] = [new TemporaryProject('parity', env), new TemporaryProject('parity', env)]
  const tries = here.path('tries')
  const runs = { here: [] as string[], there: [] as string[] }
  let services: Services
  let control: Control
  let stages: readonly Service[]

  beforeAll(async () => {
    vi.stubEnv('CAIRN_SECRET_TOKEN', SECRET)
    vi.stubEnv('CAIRN_SECRET_OTHER', OTHER_SECRET)
    services = await Services.open(servers!, { env, root: there.root, pipelines: [PIPELINE] })
    ;[control, ...stages] = (await Promise.all([
      services.control(),
      ...STEPS.map((step) => services.stage(PIPELINE, step)),
    ])) as [Control, ...Service[]]
  })
  afterAll(async () => {
    await services?.close()
    for (const project of [here, there]) project.remove()
    vi.unstubAllEnvs()
  })

  function editBoth(file: string, before: string, after: string): void {
    for (const project of [here, there]) {
      const text = readFileSync(project.path(file), 'utf8')
      expect(text).toContain(before)
      writeFileSync(project.path(file), text.replace(before, after))
    }
  }

  async function runHere(
    request: RunRequest,
    disturb?: (cancel: () => Promise<unknown>) => Promise<void>,
  ): Promise<ShownRun> {
    const workspace = new Workspace(findProject(here.root))
    const { plan } = await planRun(workspace, await loadPipeline(workspace.project, PIPELINE), request)
    const running = startRun(workspace, plan)
    await disturb?.(running.cancel)
    await running.ended
    const at = workspace.at(PIPELINE)
    const { end } = await readRun(workspace.store, at, plan.run)
    return {
      plan,
      ...(end && { end }),
      unfit: [],
      tasks: Object.fromEntries(await readEnds(workspace.store, at, plan.run)),
    }
  }
  async function runThere(
    request: RunRequest,
    disturb?: (cancel: () => Promise<unknown>) => Promise<void>,
  ): Promise<ShownRun> {
    const { client } = control
    const run = await client.start(PIPELINE, request)
    await disturb?.(() => client.ask('POST', `/v1/pipelines/${PIPELINE}/runs/${run}/cancel`))
    return client.ended(PIPELINE, run)
  }
  const objectHere = async (digest: string) => {
    const workspace = new Workspace(findProject(here.root))
    return readFile((await workspace.store.fetch(workspace.at(PIPELINE).object(digest)))!)
  }
  const objectThere = async (digest: string) => {
    const path = `objects/${digest.slice(0, 2)}/${digest}`
    const bytes = await control.client.bytes(`/v1/pipelines/${PIPELINE}/store/object?path=${path}`)
    expect(hash('sha256', bytes)).toBe(digest)
    return bytes
  }

  /** Runs on both sides, and compares all that there is to compare. */
  async function onBoth(
    settings: RunRequest['settings'] = {},
    more: RunRequest = {},
    disturb?: (cancel: () => Promise<unknown>) => Promise<void>,
  ): Promise<{ run: ShownRun; taken: Snapshot }> {
    const request = { settings: { tries, ...settings }, ...more }
    const side = async (
      name: 'here' | 'there',
      run: typeof runHere,
      open: (digest: string) => Promise<Buffer>,
    ): Promise<{ run: ShownRun; taken: Snapshot }> => {
      rmSync(tries, { force: true })
      const ended = await run(request, disturb)
      const taken = await snapshot(ended, open, runs[name])
      runs[name].push(ended.plan.run)
      return { run: ended, taken }
    }
    const atHome = await side('here', runHere, objectHere)
    const away = await side('there', runThere, objectThere)
    expect(away.taken).toEqual(atHome.taken)
    return away
  }
  const codes = ({ tasks }: ShownRun) =>
    Object.fromEntries(
      Object.entries(tasks).flatMap(([task, { items }]) =>
        items.flatMap((outcome) => ('error' in outcome && !task.includes('/') ? [[task, outcome.error.code]] : [])),
      ),
    )

  it('ends the same: statuses, keys, bytes, attempts, and what each error says', async () => {
    const { run, taken } = await onBoth()
    expect(taken.status).toBe('failed')
    expect(Object.keys(taken.tasks)).toHaveLength(98)
    expect(Object.keys(taken.bytes).length).toBeGreaterThan(300)
    expect(codes(run)).toEqual({
      'branches.no-condition': 'STEP_FAILED',
      'failures.catch-fails': 'STEP_FAILED',
      'failures.eats': 'OUT_OF_MEMORY',
      'failures.exits': 'STEP_CRASHED',
      'failures.nan': 'BAD_OUTPUT',
      'failures.other-error': 'STEP_FAILED',
      'failures.other-output': 'BAD_OUTPUT',
      'failures.sleeps': 'TIMED_OUT',
      'failures.spins': 'TIMED_OUT',
      'failures.tells': 'STEP_FAILED',
      'failures.throws': 'STEP_FAILED',
      'failures.too-often': 'STEP_FAILED',
      'maps.each-refused': 'STEP_FAILED',
    })
    const statusOf = (task: string) => run.tasks[task]!.status
    expect(['failures.behind', 'branches.after-unknown', 'maps.sum-refused'].map(statusOf)).toEqual([
      'blocked',
      'blocked',
      'blocked',
    ])
    expect(['branches.if-odd', 'branches.if-even'].map(statusOf)).toEqual(['skipped', 'completed'])
    expect(run.tasks['policies.third-time']).toMatchObject({ attempts: 3, failures: [{}, {}] })
    expect(run.tasks['failures.too-often']).toMatchObject({ attempts: 3 })
    expect(run.tasks['failures.other-error']).toMatchObject({ attempts: 1 })
    expect(run.tasks['policies.caught']!.items[0]).toMatchObject({ how: 'caught' })
  })

  it('reuses everything in a second run, except steps that are never reused', async () => {
    const { run } = await onBoth()
    expect(computed(run)).toEqual(ALWAYS)
  })

  it('takes the other arm, and computes what a parameter affects', async () => {
    const { run } = await onBoth({ more: 1, left: false }, MOST)
    expect(run.tasks['branches.if-odd']!.status).toBe('completed')
    expect(run.tasks['branches.if-even']!.status).toBe('skipped')
    expect(run.tasks['branches.to-the-left']!.status).toBe('skipped')
    expect(computed(run)).toContain('start')
    expect(computed(run)).not.toContain('make')
  })

  it('recomputes forced steps, and no later step whose inputs stay the same', async () => {
    const { run } = await onBoth({}, { ...MOST, force: ['make', 'joins.left'] })
    expect(computed(run)).toEqual([...ALWAYS, 'joins.left', 'make'].sort())
  })

  it('runs a part, based on a named run', async () => {
    const { run } = await onBoth(
      { 'joins.both.more': 100 },
      { from: ['joins.both'], until: ['joins.all'], base: 'latest' },
    )
    expect(Object.keys(run.tasks).sort()).toEqual(['joins.all', 'joins.both'])
    expect(run.plan.nodes['joins.left']!.type).toBe('given')
  })

  it('runs a part, based on the newest run that has everything needed', async () => {
    const { run } = await onBoth({}, { from: ['maps.each-outer'], until: ['maps.sum-nested'] })
    expect(run.plan.parent).toBe(runs.there[3])
  })

  it('notices a changed source, and stops where outputs stay the same', async () => {
    editBoth('flights.csv', 'BSL,5', 'BSL,50')
    const { run } = await onBoth({}, MOST)
    expect(computed(run)).toEqual([...ALWAYS, 'load', 'make', 'read'].sort())
  })

  it('notices changed code', async () => {
    editBoth('steps.ts', 'n: a + b + more', 'n: a + b + more + 1')
    const { run } = await onBoth({}, MOST)
    expect(computed(run)).toContain('joins.left')
    expect(computed(run)).not.toContain('make')
  })

  it('is cancelled in the middle: finished steps are kept, the rest ends as cancelled', async () => {
    const holds = here.path('holds')
    const { run, taken } = await onBoth({ holds }, { until: ['after-fresh'] }, async (cancel) => {
      await vi.waitUntil(() => existsSync(holds), { timeout: 300_000, interval: 20 })
      rmSync(holds)
      await cancel()
    })
    expect(taken.status).toBe('cancelled')
    expect([run.tasks['start'], run.tasks['fresh'], run.tasks['after-fresh']].map((task) => task!.status)).toEqual([
      'completed',
      'cancelled',
      'cancelled',
    ])
  })

  const withoutRuns = (answer: unknown) =>
    JSON.parse(JSON.stringify(answer).replaceAll(/\d{8}-\d{6}-\w{5}/g, 'run')) as object
  it.each([
    ['an unknown parameter', { settings: { mor: 1 } }],
    ['a parameter of a wrong type', { settings: { tries, more: 'much' } }],
    ['a parameter that is missing', {}],
    ['an unknown step', { settings: { tries }, until: ['jons.all'] }],
    ['an unknown base', { settings: { tries }, base: 'nightly' }],
  ])('is refused with %s, in the same words', async (_, request: RunRequest) => {
    const here = await runHere(request).then(
      () => undefined,
      (error: { code: string; message: string; next?: string }) => error,
    )
    const there = await control.client.ask('POST', `/v1/pipelines/${PIPELINE}/runs`, request)
    const { code, message, next } = here!
    const { type: _type, title: _title, status: _status, ...told } = there.body as Record<string, unknown>
    expect(withoutRuns(told)).toEqual(withoutRuns({ code, detail: message, next }))
    expect(there.status).toBe(code === 'NOT_FOUND' ? 404 : 400)
  })

  it('keeps its secrets out of records, events, responses and logs', async () => {
    const texts = [control, ...stages].map(({ log }) => log)
    for await (const { path } of services.store.list(`${env}/${PIPELINE}/`))
      if (!path.includes('/objects/')) texts.push(Buffer.from((await services.store.read(path)) ?? []).toString())
    const all = texts.join('\n')
    expect(all).toContain('the token is ***')
    expect(all).toContain('refused: ***')
    expect(all).not.toContain(SECRET)
    expect(all).not.toContain(OTHER_SECRET)
  })
})
