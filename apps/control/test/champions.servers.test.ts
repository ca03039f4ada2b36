import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { faultOf } from '@cairn/tools/docs/records.fixture'
import { signed, topicOf, type CairnEvent, type Checkpoint } from '@cairn/records'
import type { ControlClient } from './client.fixture.ts'
import { Services, type Control } from './services.fixture.ts'
import { TemporaryProject } from './temporary-project.fixture.ts'

const PRODUCTION = '/v1/pipelines/orders/production'
const servers = inject('servers')

describe.skipIf(!servers)('the production run', () => {
  const env = `champions-${randomUUID().slice(0, 8)}`
  const project = new TemporaryProject('orders', env)
  const received: CairnEvent[] = []
  let services: Services
  let control: Control
  let client: ControlClient

  beforeAll(async () => {
    services = await Services.open(servers!, { env, root: project.root, pipelines: ['orders'] })
    const receive = (event: CairnEvent) => {
      if (event.type === 'cairn.promoted') received.push(event)
      return Promise.resolve()
    }
    await services.bus.subscribe(
      topicOf({ env, pipeline: 'orders' }),
      { group: `${env}-received`, from: 'now' },
      receive,
    )
    ;[control] = await Promise.all([
      services.control(),
      ...['load', 'total', 'report'].map((step) => services.stage('orders', step)),
    ])
    client = control.client
  })
  afterAll(async () => {
    await services?.close()
    project.remove()
  })

  const run = async (count: number, more: object = {}) => {
    const name = await client.start('orders', { settings: { count }, ...more })
    const { end } = await client.ended('orders', name)
    expect(end).toMatchObject({ status: 'completed' })
    return name
  }
  const promote = (to: ControlClient, run: string, expected: string | null, more: object = {}) =>
    to.ask('POST', PRODUCTION, { run, expected, ...more })
  const champion = async () =>
    ((await client.ask('GET', PRODUCTION)).body as { champion: { run: string } | null }).champion
  const receivedOf = (run: string) => received.filter(({ data }) => data.run === run)
  /** At least once: a sweep that comes by meanwhile tells the same event, too. */
  const distinct = (events: readonly CairnEvent[]) => [...new Map(events.map((event) => [event.id, event])).values()]
  const told = (run: string) => expect.poll(() => distinct(receivedOf(run))).toHaveLength(1)

  it('is set with the right to promote, announced as an event, and rolled back', async () => {
    const one = await run(4)
    expect((await client.ask('GET', PRODUCTION)).body).toEqual({
      champion: null,
      policy: 'verify',
      trusted: {},
      you: 'all',
      mayPromote: true,
    })
    expect((await promote(client, one, null)).body).toMatchObject({ run: one, by: 'all' })
    await told(one)
    const two = await run(8)
    const { status, body } = await promote(client, two, one, { from: 'tried' })
    expect([status, body]).toMatchObject([200, { run: two, by: 'all', from: 'tried', previous: { run: one } }])
    await told(two)
    expect(received.at(-1)).toMatchObject({
      data: { by: 'all', from: 'tried', previous: one },
      source: `/${env}/orders`,
    })
    expect((await promote(client, two, one)).body, 'the same, sent again').toEqual({
      ...(body as object),
      announced: true,
    })

    const back = await client.ask('POST', `${PRODUCTION}/rollback`, { expected: two })
    expect([back.status, back.body]).toMatchObject([200, { run: one, by: 'all' }])
    const again = await client.ask('POST', `${PRODUCTION}/rollback`, { expected: two })
    expect([again.status, again.body]).toMatchObject([409, { code: 'CONFLICT' }])
    const none = await client.ask('POST', `${PRODUCTION}/rollback`, { expected: one })
    expect([none.status, none.body]).toMatchObject([404, { code: 'NOT_FOUND' }])
    expect(await champion()).toMatchObject({ run: one })
    await expect.poll(() => distinct(received).map(({ data }) => data.run)).toEqual([one, two, one])
  })

  it('is one of two runs that are promoted at once', async () => {
    const before = (await champion())?.run ?? null
    const runs = [await run(20), await run(21)]
    const answers = await Promise.all(runs.map((each) => promote(client, each, before)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]))
    const won = runs[answers.findIndex(({ status }) => status === 200)]!
    expect(await champion()).toMatchObject({ run: won })
    await told(won)
  })

  it('is never a run that misses an expectation, is incomplete, or does not exist', async () => {
    const best = await run(40)
    const standing = (await champion())?.run ?? null
    expect((await promote(client, best, standing)).status).toBe(200)
    const worse = await promote(client, await run(2), best)
    expect(worse).toMatchObject({
      status: 409,
      body: {
        code: 'REFUSED',
        detail: expect.stringContaining('expectation failed: total: the total is no less') as string,
      },
    })
    const part = await run(41, { from: ['report'], base: best })
    expect(await promote(client, part, best)).toMatchObject({
      status: 409,
      body: { code: 'REFUSED', detail: expect.stringContaining('total was not run; its outputs come from') as string },
    })
    expect((await promote(client, 'nothing', best)).status).toBe(404)
    expect(await champion()).toMatchObject({ run: best })
  })

  it('can be replaced if it is not in the store any more', async () => {
    const lost = await run(42)
    expect((await promote(client, lost, (await champion())?.run ?? null)).status).toBe(200)
    await services.store.remove(`${env}/orders/runs/${lost}/plan`)
    const next = await run(43)
    expect(await promote(client, next, null)).toMatchObject({ status: 409, body: { code: 'CONFLICT' } })
    expect(await promote(client, next, lost)).toMatchObject({ status: 200, body: { run: next } })
    expect(await champion()).toMatchObject({ run: next })
  })

  it('is announced by the next process if the one that set it died', async () => {
    const next = await run(50)
    await control.kill()
    const standing = await services.store.read(`${env}/orders/refs/production`)
    const moved = { v: 1, run: next, since: Date.now(), by: 'who died' }
    expect(
      await services.store.replace(`${env}/orders/refs/production`, standing, Buffer.from(JSON.stringify(moved))),
    ).toBe(true)
    control = await services.control()
    client = control.client
    await told(next)
    await expect.poll(champion).toMatchObject({ run: next, announced: true })
    await control.kill()
    control = await services.control()
    client = control.client
    await run(51) // it has swept meanwhile
    expect(receivedOf(next)).toHaveLength(1)
  })

  it('needs signed checkpoints if the project trusts services', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const trusted = { stage: publicKey.export({ format: 'der', type: 'spki' }).toString('base64') }
    const settings = { pipelines: ['*.pipeline.ts'], env, adoption: { policy: 'adopt', trusted } }
    writeFileSync(project.path('package.json'), JSON.stringify({ type: 'module', cairn: settings }))
    expect((await client.ask('GET', PRODUCTION)).body).toMatchObject({ policy: 'adopt', trusted })

    const key = 'a'.repeat(64)
    const checkpoint: Checkpoint = {
      v: 1,
      step: 'load',
      key,
      fingerprint: 'f',
      code: 'd',
      params: {},
      inputs: {},
      outputs: {},
      producer: { run: 'r', task: 'load', host: 'h' },
      computedAt: 1,
      ms: 1,
      generation: 1,
    }
    const put = async (record: Checkpoint, at: string) => {
      const body = JSON.stringify(record)
      const path = `/v1/pipelines/orders/store/record?path=checkpoints/load/${at}`
      const headers = { 'content-type': 'application/octet-stream' }
      const answer = await client.fetch(path, { method: 'PUT', body, headers })
      const { code } = (await answer.json()) as { code?: string }
      return [answer.status, code]
    }
    expect(await put(checkpoint, key)).toEqual([409, 'REFUSED'])
    const good = signed(checkpoint, { name: 'stage', key: privateKey })
    expect(await put({ ...good, ms: 7 }, key)).toEqual([409, 'REFUSED'])
    expect(await put(good, 'b'.repeat(64))).toEqual([400, 'BAD_RECORD'])
    expect(await put(good, key)).toEqual([200, undefined])
  })

  it('is recorded in records that fit the schemas in docs/consumers, like all records of services', async () => {
    const started = await client.start('orders', { settings: { count: 5 } }, { 'idempotency-key': randomUUID() })
    await client.ended('orders', started)
    const faults: (string | undefined)[] = []
    const folders = new Set<string>()
    for await (const { path } of services.store.list(`${env}/orders/`)) {
      if (/\/objects\/|\.mjs$/.test(path)) continue
      const bytes = await services.store.read(path)
      if (!bytes) continue // a lease that was given back
      faults.push(faultOf(path, bytes))
      folders.add(path.split('/')[2]!)
    }
    expect(faults.filter((fault) => fault !== undefined)).toEqual([])
    expect([...folders]).toEqual(expect.arrayContaining(['checkpoints', 'code', 'refs', 'runs', 'submissions']))
  })
})
