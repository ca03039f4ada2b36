import { hash, randomUUID } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { findProject, loadPipeline, planRun, readRun, Workspace } from '@cairn/workspace'
import {
  claim,
  encodeRecord,
  layout,
  queueLayout,
  readRecord,
  RECORD_VERSION,
  topicOf,
  type CairnEvent,
  type EndRecord,
  type Plan,
} from '@cairn/records'
import { Services, type Control } from './services.fixture.ts'
import { TemporaryProject } from './temporary-project.fixture.ts'

const PIPELINE = 'orders'
/** Looks after runs often, and soon finds that one stands still. */
const WATCHFUL = { CAIRN_SWEEP: '0.2', CAIRN_LOST_AFTER: '0.5' }
const CARELESS = { CAIRN_SWEEP: '3600' }

const servers = inject('servers')

describe.skipIf(!servers)('control looks after runs', () => {
  const env = `reconciler-${randomUUID().slice(0, 8)}`
  const at = layout(env, PIPELINE)
  const project = new TemporaryProject('orders', env)
  const started: Control[] = []
  let services: Services

  beforeAll(async () => {
    services = await Services.open(servers!, { env, root: project.root, pipelines: [PIPELINE] })
    await Promise.all(['load', 'total', 'report'].map((step) => services.stage(PIPELINE, step)))
  })
  afterEach(async () => {
    await Promise.all(started.splice(0).map((control) => control.stop()))
  })
  afterAll(async () => {
    await services?.close()
    project.remove()
  })

  const newControl = async (settings: Readonly<Record<string, string>>) => {
    const control = await services.control(settings)
    started.push(control)
    return control
  }
  /** A plan as control makes it, which nobody has been told of. */
  const planned = async (settings: object = {}): Promise<Plan> => {
    const workspace = new Workspace(findProject(project.root), services.store)
    return (await planRun(workspace, await loadPipeline(workspace.project, PIPELINE), { settings: settings as never }))
      .plan
  }
  const keep = (plan: Plan) => claim(services.store, at.plan(plan.run), services.keys.sign(plan))
  const statuses = (tasks: Readonly<Record<string, EndRecord>>) => Object.values(tasks).map(({ status }) => status)
  const startWaiting = async ({ client }: Control) => {
    const waits = project.path(`waits-${randomUUID()}`)
    const run = await client.start(PIPELINE, { settings: { waits } })
    await vi.waitUntil(() => existsSync(waits), { timeout: 300_000, interval: 20 })
    return { run, letGo: () => writeFileSync(`${waits}.go`, '') }
  }
  /** Receives the events of a run that are published from now on. */
  const listen = async (run: string) => {
    const received: CairnEvent[] = []
    const receive = async (event: CairnEvent) => void (event.data.run === run && received.push(event))
    const group = `test-${randomUUID()}`
    const subscription = await services.bus.subscribe(
      topicOf({ env, pipeline: PIPELINE }),
      { group, from: 'now' },
      receive,
    )
    return { received, stop: () => subscription.close() }
  }

  it('sends the lost first event of a run again, by two copies at once, and the run ends once', async () => {
    const plan = await keep(await planned({ count: 3 }))
    const { received, stop } = await listen(plan.run)
    const [one, two] = await Promise.all([newControl(WATCHFUL), newControl(WATCHFUL)])
    const { end, tasks } = await one.client.ended(PIPELINE, plan.run)
    expect(end).toMatchObject({ status: 'completed' })
    expect(statuses(tasks)).toEqual(['completed', 'completed', 'completed'])
    expect(`${one.log}${two.log}`).toContain('events were sent again')
    await expect.poll(() => received.map(({ type }) => type)).toContain('cairn.run-ended')
    const ids = (type: string) => new Set(received.filter((event) => event.type === type).map(({ id }) => id)).size
    expect([ids('cairn.run-started'), ids('cairn.completed'), ids('cairn.run-ended')]).toEqual([1, 3, 1])
    await stop()
  })

  it('sends lost end events again', async () => {
    const { client } = await newControl(WATCHFUL)
    const first = await client.ended(PIPELINE, await client.start(PIPELINE, { settings: { count: 4 } }))
    const plan = { ...first.plan, run: `${first.plan.run}-again`, createdAt: Date.now() }
    await services.store.create(at.end(plan.run, 'load'), encodeRecord(first.tasks['load']!, at.end(plan.run, 'load')))
    await keep(plan)
    const { end, tasks } = await client.ended(PIPELINE, plan.run)
    expect(end).toMatchObject({ status: 'completed' })
    expect(tasks['load']).toEqual(first.tasks['load'])
    expect(statuses(tasks)).toEqual(['completed', 'completed', 'completed'])
  })

  it('even if the records of another run are damaged', async () => {
    const damaged = '99991231-000000-zzzzz' // the newest by its name: it is looked at first
    await services.store.create(at.plan(damaged), Buffer.from('no JSON'))
    const plan = await keep(await planned({ count: 7 }))
    const control = await newControl(WATCHFUL)
    expect((await control.client.ended(PIPELINE, plan.run)).end).toMatchObject({ status: 'completed' })
    expect(control.log).toContain('could not check a run')
    await services.store.remove(at.plan(damaged))
  })

  it('ends a run whose last host died before ending it, and logs that', async () => {
    const careless = await newControl(CARELESS)
    const run = await careless.client.start(PIPELINE, { settings: { count: 5 } })
    const before = await careless.client.ended(PIPELINE, run)
    await services.store.remove(at.runEnd(run))
    const { received, stop } = await listen(run)
    const { client } = await newControl(WATCHFUL)
    const { end } = await client.ended(PIPELINE, run)
    expect(end).toMatchObject({ status: 'completed' })
    expect(end!.host).not.toBe(before.end!.host)
    await expect.poll(() => received.map(({ type }) => type)).toEqual(['cairn.run-ended'])
    await stop()
  })

  it('ends the tasks of a cancelled run if no stage received the cancellation', async () => {
    const control = await newControl(WATCHFUL)
    const { run } = await startWaiting(control)
    const end = { v: RECORD_VERSION, status: 'cancelled', endedAt: Date.now(), host: 'lost' } as const
    await claim(services.store, at.runEnd(run), end)
    const { tasks } = await control.client.ended(PIPELINE, run)
    expect(statuses(tasks)).toEqual(['completed', 'cancelled', 'cancelled'])
  })

  it('is not needed for progress: a run ends without control, and the next control shows it', async () => {
    const control = await newControl(CARELESS)
    const { run, letGo } = await startWaiting(control)
    await control.kill()
    started.splice(0)
    letGo()
    const ended = async () => (await readRun(services.store, at, run)).end?.status
    await expect.poll(ended, { interval: 100 }).toBe('completed')
    const { client } = await newControl(CARELESS)
    const events = await Array.fromAsync(client.events(PIPELINE, run))
    expect(events.map(({ type }) => type)).toEqual([...Array<string>(3).fill('cairn.completed'), 'cairn.run-ended'])
  })

  it('starts, on a repeated request, a run that a copy accepted before it died', async () => {
    const request = { settings: { count: 6 } }
    const key = randomUUID()
    const plan = await keep(await planned(request.settings))
    const submission = { v: RECORD_VERSION, run: plan.run, request: hash('sha256', JSON.stringify(request)) }
    await claim(services.store, at.submission(hash('sha256', key)), submission)
    const { client } = await newControl(CARELESS)
    expect(await client.start(PIPELINE, request, { 'idempotency-key': key })).toBe(plan.run)
    expect((await client.ended(PIPELINE, plan.run)).end).toMatchObject({ status: 'completed' })
    expect(await readRecord(services.store, at.runEnd(plan.run))).toMatchObject({ status: 'completed' })
  })

  describe('with limits of concurrent runs', () => {
    const line = queueLayout(env)
    const waiting = () => services.store.children(line.waiting)
    const attempts = (run: string) => services.store.children(at.attempts(run))
    const startCounted = ({ client }: Control, ...counts: number[]) =>
      Promise.all(counts.map((count) => client.start(PIPELINE, { settings: { count } })))
    const queueOf = async ({ client }: Control, run: string) => (await client.show(PIPELINE, run)).queue
    afterEach(() => project.configure({}))

    it('queues the others, whatever happens to control, and starts each when another has ended', async () => {
      project.configure({ concurrency: { pipelines: { [PIPELINE]: { runs: 1 } } } })
      const control = await newControl(WATCHFUL)
      await control.client.ended(PIPELINE, (await startCounted(control, 30))[0]!) // what others are compared with
      const first = await startWaiting(control)
      const runs: string[] = []
      for (const count of [31, 32, 33]) runs.push(...(await startCounted(control, count)))
      const [second, unwanted, last] = runs as [string, string, string]
      const limit = { of: 'pipeline', name: PIPELINE, runs: 1 }
      const places = () => Promise.all(runs.map((run) => queueOf(control, run)))
      expect(await places()).toEqual([1, 2, 3].map((place) => ({ place, waiting: 3, limit })))
      const { body } = await control.client.ask('GET', `/v1/pipelines/${PIPELINE}/runs?status=queued`)
      expect(body).toMatchObject({ runs: runs.toReversed().map((run) => ({ run, status: 'queued' })) })
      for await (const { type, data } of control.client.allMessages(PIPELINE, last)) {
        expect({ type, data }).toEqual({ type: 'queued', data: { place: 3, waiting: 3, limit } })
        break
      }

      const { tasks, end } = await (async () => {
        await control.client.ask('POST', `/v1/pipelines/${PIPELINE}/runs/${unwanted}/cancel`)
        return control.client.ended(PIPELINE, unwanted)
      })()
      expect([end!.status, statuses(tasks)]).toEqual(['cancelled', ['cancelled', 'cancelled', 'cancelled']])
      expect(await queueOf(control, last)).toEqual({ place: 2, waiting: 2, limit })
      const act = (path: string, body: object) => control.client.ask('POST', `/v1/pipelines/${PIPELINE}/${path}`, body)
      expect((await act(`runs/${second}/retry`, {})).body).toMatchObject({
        status: 409,
        code: 'REFUSED',
        detail: `run ${second} of ${PIPELINE} has not ended, so it cannot be retried yet`,
      })
      const retried = ((await act(`runs/${unwanted}/retry`, {})).body as { run: string }).run
      expect(await queueOf(control, retried)).toEqual({ place: 3, waiting: 3, limit })
      expect((await act(`runs/${second}/rerun`, { node: 'total' })).body).toMatchObject({ code: 'NOT_FOUND' })
      const { champion } = (await control.client.ask('GET', `/v1/pipelines/${PIPELINE}/production`)).body as {
        champion: { run: string } | null
      }
      expect((await act('production', { run: second, expected: champion?.run ?? null })).body).toMatchObject({
        code: 'REFUSED',
      })

      // That one stands still is noticed meanwhile; that others wait is no reason to help them.
      const helped = () => control.log.split('\n').filter((text) => text.includes(first.run)).length
      const before = helped()
      await vi.waitUntil(() => helped() > before, { timeout: 300_000, interval: 50 })
      expect(await Promise.all([second, last, retried].map(attempts))).toEqual([[], [], []])
      expect(control.log).not.toMatch(new RegExp(`"run":"(${[second, last, retried].join('|')})"`))

      await control.kill()
      const others = await Promise.all([newControl(CARELESS), newControl(CARELESS)])
      first.letGo()
      const ended = []
      for (const run of [first.run, second, last, retried]) ended.push(await others[0].client.ended(PIPELINE, run))
      expect(ended.map((one) => one.end?.status)).toEqual(Array.from({ length: 4 }, () => 'completed'))
      for (const [index, { end: before }] of ended.slice(0, -1).entries())
        expect(before!.endedAt).toBeLessThanOrEqual(ended[index + 1]!.tasks['load']!.startedAt)
      expect(await attempts(unwanted)).toEqual([])
      await expect.poll(waiting).toEqual([])
    })

    it('counts all pipelines of an environment, until the limit is removed, and refuses invalid limits', async () => {
      project.configure({ concurrency: { runs: 9, environments: { [env]: { runs: 1, waiting: 1 } } } })
      const control = await newControl(WATCHFUL)
      const first = await startWaiting(control)
      const [second] = (await startCounted(control, 41)) as [string]
      const limit = { of: 'environment', name: env, runs: 1 }
      expect(await queueOf(control, second)).toEqual({ place: 1, waiting: 1, limit })

      const third = await control.client.fetch(`/v1/pipelines/${PIPELINE}/runs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      })
      expect([third.status, third.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)])
      expect(await third.json()).toMatchObject({
        code: 'TOO_MANY_REQUESTS',
        detail: `the queue of environment ${env} is full: at most 1 run may wait`,
      })
      expect(await waiting()).toHaveLength(1)

      project.configure({ concurrency: { runs: 0 } })
      const { status, body } = await control.client.ask('POST', `/v1/pipelines/${PIPELINE}/runs`, {})
      expect(status).toBe(422)
      expect(body).toMatchObject({
        code: 'BAD_DEFINITION',
        detail: `${project.path('package.json')}: "runs" of "concurrency" of "cairn" must be a number of runs from 1 to 1000`,
      })
      expect(await queueOf(control, second)).toEqual({ place: 1, waiting: 1, limit })

      project.configure({})
      await expect.poll(() => services.store.children(at.ends(second)), { timeout: 300_000 }).toContain('load')
      first.letGo()
      for (const run of [first.run, second])
        expect((await control.client.ended(PIPELINE, run)).end).toMatchObject({ status: 'completed' })
    })
  })
})
