import { hash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { encodeRecord, layout, packagesDigest, publish, runEvent, topicOf, type Plan } from '@cairn/records'
import type { ControlClient } from './client.fixture.ts'
import { Services, type Control, type Service } from './services.fixture.ts'
import { TemporaryProject } from './temporary-project.fixture.ts'

const ORDERS = '/v1/pipelines/orders'
const BINARY = { 'content-type': 'application/octet-stream' }
const PATIENCE = { timeout: 300_000, interval: 50 }

const servers = inject('servers')

interface Letter {
  readonly event?: { readonly run: string }
  readonly groups: readonly { readonly error: { readonly code: string; readonly message: string } }[]
}

describe.skipIf(!servers)('a plan that control did not make', () => {
  const env = `foreign-${randomUUID().slice(0, 8)}`
  const project = new TemporaryProject('orders', env)
  const at = layout(env, 'orders')
  let services: Services
  let control: Control
  let client: ControlClient
  let load: Service
  let report: Service
  let pusher: string
  /** One that control has made, with the code that it pins. */
  let made: Plan

  beforeAll(async () => {
    services = await Services.open(servers!, { env, root: project.root, pipelines: ['orders'] })
    pusher = services.token({ name: 'pusher', pipelines: ['*'], rights: ['read', 'adopt'] })
    ;[control, load, report] = await Promise.all([
      services.control({ CAIRN_LOST_AFTER: '0.5' }),
      services.stage('orders', 'load'),
      services.stage('orders', 'report'),
      services.stage('orders', 'total'),
    ])
    client = control.client
    const run = await client.start('orders')
    made = (await client.ended('orders', run)).plan
  })
  afterAll(async () => {
    await services?.close()
    project.remove()
  })

  const put = (path: string, body: string | Buffer) =>
    client.as(pusher).fetch(`${ORDERS}/store/record?path=${encodeURIComponent(path)}`, {
      method: 'PUT',
      headers: BINARY,
      body: String(body),
    })
  /** A plan like the one that was made, but for what is said; as it would lie in the store. */
  const forged = (run: string, changed: Partial<Plan> = {}) => {
    const { signature: _, ...plan } = made
    return { ...plan, run, createdAt: made.createdAt - 100_000, ...changed } as Plan
  }
  const evil = () => {
    const file = project.path(`done-${randomUUID()}`)
    const text = `import { writeFileSync } from 'node:fs'
export const inputs = {}, outputs = {}
export const run = () => writeFileSync(${JSON.stringify(file)}, process.env.CAIRN_CONNECTION ?? '')`
    const closure = { packages: [], imports: {} }
    const fingerprint = hash('sha256', file)
    const code = { fingerprint, digest: hash('sha256', text), packages: packagesDigest(closure) }
    const manifest = { v: 1, fingerprint, node: 24, declarations: [], reaches: [], ...closure }
    const described = encodeRecord(manifest, at.manifest(code))
    return { file, text, code, described, steps: { ...made.steps, load: { ...made.steps['load']!, code } } }
  }
  const inFolder = (path: string) => path.slice(at.root.length)
  const untilDead = (run: string) =>
    vi.waitUntil(async () => {
      const { body } = await client.ask('GET', `${ORDERS}/dead-letters?limit=200`)
      const { letters } = body as { letters: Letter[] }
      return letters.find(({ event }) => event?.run === run)?.groups[0]
    }, PATIENCE)

  it('cannot be pushed, nor can code or other records of a run: the right to adopt starts nothing', async () => {
    const { file, text, code, described, steps } = evil()
    const run = 'pushed'
    const plan = forged(run, { steps })
    for (const [path, body] of [
      [at.code(code), text],
      [at.manifest(code), described],
      [at.plan(run), encodeRecord(plan, at.plan(run))],
      [at.end(run, 'load'), '{"v":1}'],
      [at.runEnd(run), '{"v":1,"status":"completed","endedAt":1}'],
      [at.log(run, 'load', 1, 0), '{"v":1,"lines":[]}'],
      [at.ref('production'), '{"v":1,"run":"pushed"}'],
    ] as const) {
      const answer = await put(inFolder(path), body)
      expect([path, answer.status]).toEqual([path, 400])
      expect(await answer.json()).toMatchObject({ code: 'BAD_PARAMETER' })
      expect(await services.store.stat(path), path).toBeUndefined()
    }
    expect(existsSync(file)).toBe(false)
  })

  it('is ignored and reported by stages and by control, wherever it came from', async () => {
    const { file, text, code, described, steps } = evil()
    const { store, bus } = services
    await store.create(at.code(code), Buffer.from(text))
    await store.create(at.manifest(code), described)
    const plans: readonly Plan[] = [
      forged('unsigned', { steps }),
      { ...made, ...forged('altered', { steps }) },
      { ...forged('of-another-name', { steps }), signature: { by: 'someone', value: made.signature!.value } },
    ]
    for (const plan of plans) {
      await store.create(at.plan(plan.run), encodeRecord(plan, at.plan(plan.run)))
      await publish(bus, plan, [runEvent(plan, 'run-started', plan.createdAt)])
    }
    for (const { run } of plans) {
      expect(await untilDead(run)).toMatchObject({ error: { code: 'REFUSED' } })
      await vi.waitUntil(() => control.log.includes(`/runs/${run}/`), PATIENCE)
    }
    await vi.waitUntil(() => load.log.includes('the plan of run unsigned is not signed'), PATIENCE)

    const refusal = { code: 'REFUSED', next: `plan it again: cairn run orders --on ${env}` }
    for (const [what, body] of [['cancel'], ['retry', {}], ['rerun', { node: 'load' }]] as const) {
      const { status, body: answer } = await client.ask('POST', `${ORDERS}/runs/unsigned/${what}`, body)
      expect([what, status, answer]).toMatchObject([what, 409, refusal])
    }
    expect((await client.ask('GET', `${ORDERS}/runs/unsigned/events`)).status).toBe(409)
    await store.create(at.runEnd('altered'), Buffer.from('{"v":1,"status":"completed","endedAt":1,"host":"h"}'))
    const promoted = await client.ask('POST', `${ORDERS}/production`, { run: 'altered', expected: null })
    expect([promoted.status, promoted.body]).toMatchObject([409, refusal])
    const { runs } = (await client.ask('GET', `${ORDERS}/runs`)).body as { runs: object[] }
    expect(runs).toMatchObject([
      { run: 'unsigned', status: 'refused', fault: expect.stringContaining('is not signed') as string },
      { run: 'of-another-name', fault: expect.stringContaining('does not match the signature of someone') as string },
      { run: 'altered', fault: expect.stringContaining('does not match the signature of control') as string },
      { run: made.run, status: 'completed' },
    ])
    expect(existsSync(file)).toBe(false)
    for (const { run } of plans) expect(await store.children(at.attempts(run))).toEqual([])
  })

  it('is never rolled back to, announced or used as a base, even if the production record names it', async () => {
    const { store, bus } = services
    const received: string[] = []
    const topic = topicOf({ env, pipeline: 'orders' })
    const receive = await bus.subscribe(
      topic,
      { group: `${env}-received`, from: 'beginning' },
      async ({ type, data }) => {
        if (type === 'cairn.promoted') received.push(data.run)
      },
    )
    const older = forged('older', { params: { count: 1, waits: '' } })
    for (const task of ['load', 'total', 'report']) {
      const { check: _, ...end } = JSON.parse(String(await store.read(at.end(made.run, task)))) as { check: string }
      await store.create(at.end('older', task), encodeRecord(end as { v: number } & typeof end, at.end('older', task)))
    }
    await store.create(at.plan('older'), encodeRecord(older, at.plan('older')))
    const done = { v: 1, status: 'completed', endedAt: 1, host: 'h' }
    await store.create(at.runEnd('older'), encodeRecord(done, at.runEnd('older')))
    const production = (run: string, previous?: string) => {
      const named = (run: string) => ({ run, since: 1, by: 'someone' })
      const record = { v: 1, ...named(run), ...(previous !== undefined && { previous: named(previous) }) }
      return encodeRecord(record, at.ref('production'))
    }
    const rollBack = async (expected: string) => {
      const { status, body } = await client.ask('POST', `${ORDERS}/production/rollback`, { expected })
      return [status, body] as const
    }
    const pointed = production('older')
    await store.create(at.ref('production'), pointed)
    await vi.waitUntil(() => /orders\/.*plan of run older is not signed/.test(control.log), PATIENCE)
    await store.replace(at.ref('production'), pointed, production(made.run, 'older'))
    expect(await rollBack(made.run)).toMatchObject([
      409,
      { code: 'REFUSED', detail: expect.stringContaining('the plan of run older is not signed') as string },
    ])
    const onIt = await client.ask('POST', `${ORDERS}/runs`, { from: ['report'], base: 'older' })
    expect([onIt.status, onIt.body]).toMatchObject([409, { code: 'REFUSED' }])
    const next = await client.start('orders', { settings: { count: 9 } })
    await client.ended('orders', next)
    const promoted = await client.ask('POST', `${ORDERS}/production`, { run: next, expected: made.run })
    expect(promoted).toMatchObject({ status: 200, body: { run: next, previous: { run: made.run } } })
    expect(await rollBack(next)).toMatchObject([200, { run: made.run, previous: { run: 'older' } }])
    await vi.waitUntil(() => received.at(-1) === made.run && received.includes(next), PATIENCE)
    expect(received).not.toContain('older')
    await receive.close()
  })

  it('does not replace another run at its path', async () => {
    const { store, bus } = services
    await store.create(at.plan('copied'), encodeRecord(made, at.plan('copied')))
    const started = runEvent({ ...made, run: 'copied' }, 'run-started', 0)
    await publish(bus, made, [started])
    expect(await untilDead('copied')).toMatchObject({ error: { code: 'BAD_RECORD' } })
    expect((await client.ask('POST', `${ORDERS}/runs/copied/cancel`)).status).toBe(400)
  })

  it('affects no other run if it is not a plan at all: it is named, and every request about it is answered', async () => {
    const { store } = services
    const bad = {
      empty: { v: 1, env, pipeline: 'orders' },
      newer: { v: 7 },
      shallow: { ...made, run: 'shallow', nodes: 7 },
    }
    for (const [run, plan] of Object.entries(bad))
      await store.create(at.plan(run), Buffer.from(JSON.stringify({ ...plan, check: undefined })))
    const { status, body } = await client.ask('GET', `${ORDERS}/runs?limit=200`)
    const { runs } = body as { runs: { run: string; status: string; fault?: string }[] }
    expect(status).toBe(200)
    expect(runs.find(({ run }) => run === made.run)).toMatchObject({ status: 'completed' })
    for (const run of Object.keys(bad)) {
      const fault = runs.find((each) => each.run === run)!.fault
      expect(fault, run).toMatch(/is damaged: its (run is missing|nodes must be an object)|has record version 7/)
      const asked: [string, string, object?][] = [
        ['GET', ''],
        ['GET', '/events'],
        ['POST', '/cancel'],
        ['POST', '/retry', {}],
        ['POST', '/rerun', { node: 'load' }],
      ]
      for (const [method, what, request] of asked) {
        const answer = await client.ask(method, `${ORDERS}/runs/${run}${what}`, request)
        expect([run, what, answer.status, answer.body]).toMatchObject([run, what, 400, { code: 'BAD_RECORD' }])
      }
    }
    await client.ended('orders', await client.start('orders', { settings: { count: 3 } }))
  })

  it('is not reached by events of another pipeline', async () => {
    const started = { ...runEvent(made, 'run-started', 0), id: 'elsewhere' }
    const elsewhere = { ...started, data: { ...started.data, pipeline: 'hiding', run: 'elsewhere' } }
    await services.bus.publish(topicOf({ env, pipeline: 'orders' }), [elsewhere])
    const letter = await untilDead('elsewhere')
    expect(letter.error).toMatchObject({
      code: 'BAD_RECORD',
      message: expect.stringContaining('it belongs to ') as string,
    })
  })

  it('cannot take packages from elsewhere: files beside the code are pinned, too', async () => {
    const { store } = services
    const { code } = made.steps['report']!
    if ('inline' in code) throw new Error('it has no code')
    const path = at.manifest(code)
    const before = (await store.read(path))!
    const { check: _, ...manifest } = JSON.parse(String(before)) as Record<string, unknown>
    const imports = { ...(manifest['imports'] as object), zod: '../elsewhere' }
    await store.replace(path, before, encodeRecord({ ...manifest, imports }, path))
    // Planned by who does not see that it was altered: control would put it right.
    const plan = services.keys.sign({ ...forged('pinned'), params: { count: 77, waits: '' } } as Plan)
    const nodes = { ...plan.nodes, load: { ...plan.nodes['load'], params: { count: 77 } } } as Plan['nodes']
    const signed = services.keys.sign({ ...plan, nodes })
    await report.stop() // it has loaded the code, and knows it as it was
    await services.stage('orders', 'report', { CAIRN_SCRATCH: join(services.folder, 'anew') })
    await store.create(at.plan('pinned'), encodeRecord(signed, at.plan('pinned')))
    await publish(services.bus, signed, [runEvent(signed, 'run-started', 0)])
    const { tasks, end } = await client.ended('orders', 'pinned')
    expect([tasks['report'], end]).toMatchObject([
      { status: 'failed', items: [{ error: { code: 'CORRUPT' } }] },
      { status: 'failed' },
    ])
  })
})
