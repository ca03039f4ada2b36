import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { CairnError } from '@cairn/kernel'
import { lastCollection, layout, readRecord, runEvent, systemClock, topicOf, type Plan } from '@cairn/records'
import { examine, type Checkup } from '@cairn/maintenance'
import { Collector } from '../src/collector.ts'
import { PipelineLocks } from '../src/pipeline-locks.ts'
import { Services, type Control } from './services.fixture.ts'
import { TemporaryProject } from './temporary-project.fixture.ts'

const PIPELINE = 'orders'
const servers = inject('servers')

describe.skipIf(!servers)('the collector of control', () => {
  const env = `collection-${randomUUID().slice(0, 8)}`
  const at = layout(env, PIPELINE)
  const project = new TemporaryProject('orders', env)
  let services: Services
  let control: Control

  beforeAll(async () => {
    retain({ keepRuns: 1, keep: '1ms' })
    services = await Services.open(servers!, { env, root: project.root, pipelines: [PIPELINE] })
    const stages = ['load', 'total', 'report'].map((step) => services.stage(PIPELINE, step))
    ;[control] = await Promise.all([services.control(), ...stages])
  })
  afterAll(async () => {
    await services?.close()
    project.remove()
  })

  function retain(retention: object): void {
    const file = project.path('package.json')
    const { cairn, ...rest } = JSON.parse(readFileSync(file, 'utf8')) as { cairn: object }
    writeFileSync(file, JSON.stringify({ ...rest, cairn: { ...cairn, retention } }))
  }
  const run = async (count: number) => {
    const { client } = control
    const { end, plan } = await client.ended(PIPELINE, await client.start(PIPELINE, { settings: { count } }))
    expect(end!.status).toBe('completed')
    return plan.run
  }
  const runs = async () => (await services.store.children(at.runs)).sort()
  const ask = async (dryRun: boolean) => {
    const { status, body } = await control.client.ask('POST', `/v1/pipelines/${PIPELINE}/collections`, { dryRun })
    expect(status, JSON.stringify(body)).toBe(200)
    return (body as { report: { runs: string[]; checkpoints: number } }).report
  }

  /** What a check of a part of the store finds. */
  const look = async (request: object) => {
    const { status, body } = await control.client.ask('POST', `/v1/pipelines/${PIPELINE}/examinations`, request)
    return { status, body: body as Checkup }
  }
  const lookAtAll = async (request: object) => {
    const parts: Checkup[] = []
    do {
      const after = parts.at(-1)?.next
      const { status, body } = await look({ ...request, ...(after && { after }) })
      if (status === 409) continue // a collection is at it
      expect(status).toBe(200)
      expect(body.findings.length).toBeLessThanOrEqual(200)
      parts.push(body)
    } while (parts.length === 0 || parts.at(-1)!.next)
    return parts
  }

  it('reports what would be removed, and removes it only on request', async () => {
    const all = [await run(1), await run(2), await run(3)].sort()
    expect((await ask(true)).runs.sort()).toEqual(all.slice(0, 2))
    expect(await runs()).toEqual(all)
    expect((await ask(false)).runs.sort()).toEqual(all.slice(0, 2))
    expect(await runs()).toEqual(all.slice(2))
    expect(control.log).toContain('"msg":"collected"')
  })

  it('lets stages skip events of removed runs, except later ones', async () => {
    const removed = await run(4)
    const plan = (await readRecord<Plan>(services.store, at.plan(removed)))!
    await run(5)
    expect((await ask(false)).runs).toContain(removed)
    const { removedUntil } = (await lastCollection(services.store, at))!
    // As a new group receives what the topic retains. All go to one partition, so the last one is handled last.
    const old = [plan.createdAt, removedUntil! - 1].map((time) => runEvent(plan, 'run-started', time))
    await services.bus.publish(topicOf(plan), [...old, runEvent(plan, 'run-cancelled', removedUntil!)])
    const letters = async () => {
      const { body } = await control.client.ask('GET', `/v1/pipelines/${PIPELINE}/dead-letters?run=${removed}`)
      return (body as { letters: { event: { id: string }; groups: unknown[] }[] }).letters
    }
    await expect.poll(async () => (await letters())[0]?.groups.length).toBe(3)
    expect((await letters()).map(({ event }) => event.id)).toEqual([`${removed}/run-cancelled`])
  })

  it('removes idempotency keys with their runs, so that they start new runs, even within the grace period', async () => {
    retain({ keepRuns: 1, keep: '1ms', grace: '2d' })
    const { client } = control
    const send = async (key: string, count: number) => {
      const body = { settings: { count } }
      const answer = await client.ask('POST', `/v1/pipelines/${PIPELINE}/runs`, body, { 'idempotency-key': key })
      expect(answer.status).toBe(202)
      return answer.body as { run: string; isNew: boolean }
    }
    const first = await send('of the first', 11)
    await client.ended(PIPELINE, first.run)
    expect(await send('of the first', 11)).toEqual({ ...first, isNew: false })
    const kept = await send('of one that is kept', 12)
    await client.ended(PIPELINE, kept.run)
    expect((await ask(false)).runs).toContain(first.run)
    const again = await send('of the first', 11)
    expect([again.isNew, again.run === first.run]).toEqual([true, false])
    expect((await client.ended(PIPELINE, again.run)).end!.status).toBe('completed')
    expect(await send('of one that is kept', 12)).toEqual({ ...kept, isNew: false })
  })

  it('leaves every run what it needs and causes no findings, even if repeated and concurrent during runs', async () => {
    const collector = () => {
      const host = { env, store: services.store, clock: systemClock, name: randomUUID() }
      return new Collector({
        ...host,
        locks: new PipelineLocks(host),
        checkSettings: async () => {},
        planSigning: { faultOf: () => undefined },
        retention: () => ({ keepRuns: 4, keep: '1ms', grace: '1m' }),
      })
    }
    const [one, two] = [collector(), collector()]
    let going = true
    const collecting = [one, two].map(async (each) => {
      let removed = 0
      while (going)
        try {
          removed += (await each.collect(PIPELINE, { dryRun: false })).report.runs.length
        } catch (error) {
          if (!(error instanceof CairnError && error.code === 'CONFLICT')) throw error // the other one is at it
        }
      return removed
    })
    const checking = (async () => {
      while (going) expect((await lookAtAll({})).flatMap(({ findings }) => findings)).toEqual([])
    })()
    for (let round = 0; round < 3; round++) await Promise.all([run(4), run(5), run(4)])
    going = false
    await checking
    const removed = await Promise.all(collecting)
    expect(removed[0]! + removed[1]!).toBeGreaterThan(0)
    const { findings } = await examine(services.store, at)
    expect(findings).toEqual([])
    expect((await runs()).length).toBeLessThanOrEqual(7)
  })

  it('never runs during a check of the store, which takes a bounded request for each part', async () => {
    const { store } = services
    await run(6)
    const bad = Array.from({ length: 250 }, (_, index) => at.submission(`bad-${index}`))
    await Promise.all(bad.map((path) => store.create(path, Buffer.from('{'))))
    const parts = await lookAtAll({})
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.flatMap(({ findings }) => findings.map(({ path }) => path)).toSorted()).toEqual(bad.toSorted())
    for (const wrong of [{ bytes: 2 }, { after: { area: 'x', after: '', broken: [] } }, { repairs: true }])
      expect((await look(wrong)).status).toBe(400)

    const turns = new PipelineLocks({ env, store, clock: systemClock, name: randomUUID() })
    const [collected, isTaken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const collection = turns.run(PIPELINE, () => (isTaken.resolve(), collected.promise))
    await isTaken.promise
    let isChecked = false
    const checking = look({}).finally(() => (isChecked = true))
    for (let asked = 0; asked < 3; asked++) await control.client.ask('GET', `/v1/pipelines/${PIPELINE}/runs`)
    expect(isChecked).toBe(false)
    collected.resolve()
    await collection
    expect((await checking).status).toBe(200)
    turns.stop()

    await lookAtAll({ repair: true })
    expect((await lookAtAll({})).flatMap(({ findings }) => findings)).toEqual([])
  })

  it('removes and starts nothing while the settings name an unknown pipeline', async () => {
    const before = await runs()
    retain({ keepRuns: 0, keep: '1ms', pipelines: { ordres: { keepRuns: 100 } } })
    for (const path of ['collections', 'runs']) {
      const { status, body } = await control.client.ask('POST', `/v1/pipelines/${PIPELINE}/${path}`, {})
      expect([status, body], path).toMatchObject([422, { code: 'BAD_DEFINITION', next: 'did you mean "orders"?' }])
    }
    expect(await runs()).toEqual(before)
  })

  it('collects at the configured interval', async () => {
    retain({ keepRuns: 0, keep: '1ms', every: '100ms' })
    const other = await services.control({ CAIRN_COLLECT: '0.1' })
    await expect.poll(runs).toEqual([])
    await other.stop()
  })
})
