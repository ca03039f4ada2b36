import { hash, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { faultyProxy } from '@cairn/drivers/store/faulty-proxy.fixture'
import { claim, layout, queueLayout, readRecord, RECORD_VERSION, topicOf, type Plan } from '@cairn/records'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { Services, type Control } from './services.fixture.ts'
import { TemporaryProject } from './temporary-project.fixture.ts'

/** How often control is killed: each time takes the start of another. */
const ROUNDS = Number(process.env['CAIRN_TEST_KILLS'] ?? 4)
const AT_ONCE = 8
/** More requests to the store than the start of a run takes. */
const REQUESTS = 40
/** Looks after runs so often that it would start any plan that is left behind. */
const WATCHFUL = { CAIRN_SWEEP: '0.2', CAIRN_LOST_AFTER: '0.5' }
const CARELESS = { CAIRN_SWEEP: '3600' }

const servers = inject('servers')

describe.skipIf(!servers)('one idempotency key, sent many times at once', () => {
  const env = `once-${randomUUID().slice(0, 8)}`
  const at = layout(env, 'orders')
  const project = new TemporaryProject('orders', env)
  const started = new Set<string>()
  let onStart: (run: string) => void = () => {}
  let services: Services
  let proxy: Awaited<ReturnType<typeof faultyProxy>>
  let mortal: Record<string, string>
  let survivor: Control

  beforeAll(async () => {
    services = await Services.open(servers!, { env, root: project.root, pipelines: ['orders'] })
    proxy = await faultyProxy(servers!.s3.endpoint)
    const { s3, ...rest } = services.connection
    const connection = join(services.folder, 'proxied.json')
    writeFileSync(connection, JSON.stringify({ ...rest, s3: { ...s3, endpoint: proxy.endpoint } }))
    survivor = await services.control(CARELESS)
    mortal = { ...CARELESS, CAIRN_CONNECTION: connection }
    await services.bus.subscribe(
      topicOf({ env, pipeline: 'orders' }),
      { group: 'starts', from: 'beginning' },
      async ({ type, data: { run } }) => {
        if (type !== 'cairn.run-started') return
        started.add(run)
        onStart(run)
      },
    )
  })
  afterAll(async () => {
    await services?.close()
    await proxy?.close()
    project.remove()
  })

  /** Where control is killed in a round: first around the requests that count, then at each request in turn. */
  const deaths = [
    { moment: 'after', method: 'PUT', path: /\/submissions\// },
    { moment: 'before', method: 'PUT', path: /\/runs\/[^/]+\/plan/ },
    { moment: 'after', method: 'PUT', path: /\/runs\/[^/]+\/plan/ },
  ] as const
  interface Death {
    readonly moment: 'before' | 'after'
    readonly method: string
    readonly path: RegExp
  }
  const dieIn = (round: number, victim: Control) => dieAt(deaths[round], victim, ((round * 7) % REQUESTS) + 1)
  const dieAt = (death: Death | undefined, victim: Control, request = 1) => {
    let left = request
    const dead = Promise.withResolvers<void>()
    proxy.watch(async (moment, method, path) => {
      const isHere = death
        ? moment === death.moment && method === death.method && death.path.test(path)
        : moment === 'before' && --left === 0
      if (!isHere) return
      await victim.kill()
      dead.resolve()
    })
    return dead.promise
  }
  /** Whether all ask the victim first: another would be faster than it to come to the request that it is to die at. */
  const isAlone = (round: number) => round < deaths.length || round % 2 === 0
  /** As a client does whose connection broke: the same again, where an answer comes. */
  const send = async (to: readonly Control[], key: string, request: object): Promise<string> => {
    for (const { client } of to)
      try {
        return await client.start('orders', request, { 'idempotency-key': key })
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
      }
    throw new Error('no control answers')
  }

  it(`starts one run, whichever store request of control was its last (${ROUNDS} times)`, async () => {
    const runs = new Map<number, string>()
    for (let round = 0; round < ROUNDS; round++) {
      const victim = await services.control(mortal)
      const death = dieIn(round, victim)
      const request = { settings: { count: round + 1 } }
      const key = randomUUID()
      const senders = Array.from({ length: AT_ONCE }, (_, sender) =>
        send(isAlone(round) || sender % 2 === 0 ? [victim, survivor] : [survivor], key, request),
      )
      const names = new Set(await Promise.all(senders))
      expect(names.size, `round ${round}`).toBe(1)
      for (const name of names) runs.set(round, name)
      if (round < deaths.length) await death
      proxy.watch(async () => {})
      await victim.kill()
    }

    const watchful = await services.control(WATCHFUL)
    const plans = new Map<number, string[]>()
    for (const name of await services.store.children(at.runs)) {
      const { params } = (await readRecord<Plan>(services.store, at.plan(name)))!
      const round = Number(params['count']) - 1
      plans.set(round, [...(plans.get(round) ?? []), name])
    }
    expect(plans).toEqual(new Map([...runs].map(([round, run]) => [round, [run]])))
    await expect.poll(() => [...started].sort()).toEqual([...runs.values()].sort())
    await expect.poll(() => watchful.log).toContain('events were sent again')
    expect([...started].sort()).toEqual([...runs.values()].sort())
    await watchful.stop()
  })

  it('starts one run for a retry or a rerun', async () => {
    const { client } = survivor
    const base = await client.start('orders', {})
    await client.ask('POST', `/v1/pipelines/orders/runs/${base}/cancel`)
    for (const [path, request] of [
      ['retry', {}],
      ['rerun', { node: 'load' }],
    ] as const) {
      const key = { 'idempotency-key': randomUUID() }
      const sent = Array.from({ length: AT_ONCE }, () =>
        client.ask('POST', `/v1/pipelines/orders/runs/${base}/${path}`, request, key),
      )
      const answers = await Promise.all(sent)
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: AT_ONCE }, () => 202))
      expect(new Set(answers.map(({ body }) => (body as { run: string }).run)).size).toBe(1)
      expect(answers.filter(({ body }) => (body as { isNew: boolean }).isNew)).toHaveLength(1)
    }
    const names = await services.store.children(at.runs)
    const parents = names.map(async (name) => (await readRecord<Plan>(services.store, at.plan(name)))!.parent)
    expect((await Promise.all(parents)).filter((parent) => parent === base)).toHaveLength(2)
  })

  it('does not share a name that another submission has taken', async () => {
    const { client } = survivor
    const [key, other] = [randomUUID(), randomUUID()]
    const first = await client.start('orders', { settings: { count: 501 } }, { 'idempotency-key': key })
    // What is left of a control that died when it had drawn, by chance, the same name.
    const [from, to] = [key, other].map((one) => at.submission(hash('sha256', one))) as [string, string]
    const submission = (await readRecord<{ v: number; request: string }>(services.store, from))!
    await claim(services.store, to, submission)
    const second = await client.start('orders', { settings: { count: 501 } }, { 'idempotency-key': other })
    expect(second).not.toBe(first)
    expect(await client.start('orders', { settings: { count: 501 } }, { 'idempotency-key': other })).toBe(second)
  })

  it('starts each run in its turn and within the limit, whatever control did last', async () => {
    project.configure({ concurrency: { runsPerPipeline: 2 } })
    const line = queueLayout(env)
    const open = new Set<string>()
    let most = 0
    const received = new Set<string>()
    const earlier = new Set(await services.store.children(at.runs))
    onStart = (run) => {
      if (received.has(run) || earlier.has(run)) return
      received.add(run)
      open.add(run)
      most = Math.max(most, open.size)
    }
    const ticket = /\/queues(@|%40)[^/]+\/waiting\//
    // For the first two there is room. The last is not sent again: its plan is all that there is of it.
    const moments = [
      { moment: 'before', method: 'DELETE', path: ticket },
      { moment: 'after', method: 'PUT', path: /\/queues(@|%40)[^/]+\/running/ },
      { moment: 'after', method: 'PUT', path: ticket },
      { moment: 'after', method: 'PUT', path: /\/runs\/[^/]+\/plan/ },
    ] as const
    const runs: string[] = []
    for (const [round, death] of moments.entries()) {
      const victim = await services.control(mortal)
      const died = dieAt(death, victim)
      const sent = victim.client.start(
        'orders',
        { settings: { count: 900 + round } },
        { 'idempotency-key': `turn-${round}` },
      )
      const answered = await sent.catch(() => undefined)
      await died
      proxy.watch(async () => {})
      if (answered !== undefined) runs.push(answered)
      else if (round < moments.length - 1)
        runs.push(await send([survivor], `turn-${round}`, { settings: { count: 900 + round } }))
    }
    const plans = async () => {
      const names = await services.store.children(at.runs)
      const all = await Promise.all(names.map((name) => readRecord<Plan>(services.store, at.plan(name))))
      return all.flatMap((plan) => (Number(plan!.params['count']) >= 900 ? [plan!.run] : []))
    }
    const all = await plans()
    expect(all).toEqual(expect.arrayContaining(runs))
    expect(all).toHaveLength(moments.length)

    const watchful = await services.control(WATCHFUL)
    while (received.size < all.length) {
      const before = received.size
      const [next] = open
      if (next !== undefined && received.size >= 2) {
        open.delete(next)
        await claim(services.store, at.runEnd(next), {
          v: RECORD_VERSION,
          status: 'completed',
          endedAt: Date.now(),
          host: 'test',
        })
      }
      await vi.waitUntil(() => received.size > before || received.size >= all.length, { timeout: 300_000 })
    }
    expect([...received].sort()).toEqual(all.sort())
    expect(most).toBe(2)
    await expect.poll(() => services.store.children(line.waiting), { timeout: 300_000 }).toEqual([])
    expect(watchful.log).not.toContain('could not check')
    project.configure({})
  })
})
