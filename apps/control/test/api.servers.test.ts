import { hash, randomUUID } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { topicOf, type CairnEvent } from '@cairn/records'
import type { ControlClient } from './client.fixture.ts'
import { Services, type Control } from './services.fixture.ts'
import { TemporaryProject } from './temporary-project.fixture.ts'

const STEPS = ['load', 'total', 'report']
const BODY_LIMIT = 20_000
/** Of each token at one time. */
const FOLLOWERS = 4
const ORDERS = '/v1/pipelines/orders'

const servers = inject('servers')

describe.skipIf(!servers)('control', () => {
  const env = `api-${randomUUID().slice(0, 8)}`
  const project = new TemporaryProject('orders', env)
  let services: Services
  let client: ControlClient
  /** Of another copy of control. */
  let other: ControlClient

  beforeAll(async () => {
    services = await Services.open(servers!, { env, root: project.root, pipelines: ['orders'] })
    const limit = { CAIRN_BODY_LIMIT: String(BODY_LIMIT), CAIRN_TOKEN_FOLLOWERS: String(FOLLOWERS) }
    const [one, two] = await Promise.all([
      services.control(limit),
      services.control(limit),
      ...STEPS.map((step) => services.stage('orders', step)),
    ])
    client = (one as Control).client
    other = (two as Control).client
  })
  afterAll(async () => {
    await services?.close()
    project.remove()
  })

  const statuses = (tasks: object) =>
    Object.fromEntries(
      Object.entries(tasks as Record<string, { status: string }>).map(([task, { status }]) => [task, status]),
    )
  /** Starts a run that goes on in its second step until it is let go. */
  const startWaiting = async () => {
    const waits = project.path(`waits-${randomUUID()}`)
    const run = await client.start('orders', { settings: { waits } })
    await vi.waitUntil(() => existsSync(waits), { timeout: 300_000, interval: 20 })
    return { run, letGo: () => writeFileSync(`${waits}.go`, '') }
  }

  describe('starts runs', () => {
    it('and shows each with its plan, its end, and the record of each task', async () => {
      const run = await client.start('orders', { settings: { count: 5 } })
      const { plan, end, tasks } = await client.ended('orders', run)
      expect(plan).toMatchObject({ run, env, pipeline: 'orders', params: { count: 5, waits: '' } })
      expect(end).toMatchObject({ status: 'completed' })
      expect(statuses(tasks)).toEqual({ load: 'completed', total: 'completed', report: 'completed' })
      expect(tasks['total']!.items[0]).toMatchObject({ outputs: { sums: { text: '{"total":2.5}' } } })
    })

    it('with the idempotency key of a refused request only if it is the same request', async () => {
      const key = { 'idempotency-key': randomUUID() }
      const send = (settings: object) => client.ask('POST', `${ORDERS}/runs`, { settings }, key)
      expect((await send({ 'no-step.n': 1 })).status).toBe(400)
      expect((await send({})).body).toMatchObject({
        detail:
          'the idempotency key was already used for another request, which was refused or has not been planned yet',
      })
    })

    it('once for each idempotency key, however often and to whichever copy it is sent', async () => {
      const key = { 'idempotency-key': randomUUID() }
      const send = (to: ControlClient) => to.ask('POST', `${ORDERS}/runs`, { settings: { count: 6 } }, key)
      const answers = await Promise.all([client, other, client, other].map(send))
      expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202])
      const runs = new Set(answers.map(({ body }) => (body as { run: string }).run))
      expect(runs.size).toBe(1)
      expect(answers.filter(({ body }) => (body as { isNew: boolean }).isNew)).toHaveLength(1)
      const [run] = [...runs]
      await client.ended('orders', run!)
      expect((await send(other)).body).toEqual({ run, isNew: false })

      const misused = await client.ask('POST', `${ORDERS}/runs`, { settings: { count: 7 } }, key)
      expect(misused.status).toBe(400)
      expect(misused.body).toMatchObject({ code: 'BAD_PARAMETER', next: 'send another key' })
      const unset = await client.ask('POST', `${ORDERS}/runs`, {}, { 'idempotency-key': ' ' })
      expect(unset.body).toMatchObject({ code: 'BAD_PARAMETER', status: 400 })
      const twice = [randomUUID(), randomUUID()].map((one): [string, string] => ['Idempotency-Key', one])
      expect(await client.askWith('POST', `${ORDERS}/runs`, twice)).toMatchObject({
        status: 400,
        body: { code: 'BAD_PARAMETER', detail: 'the header Idempotency-Key was sent more than once' },
      })
    })

    it('and shows what they would reuse or compute and why, without computing anything', async () => {
      const run = await client.start('orders', { settings: { count: 9 } })
      await client.ended('orders', run)
      const plan = async (settings: object) =>
        (await client.ask('POST', `${ORDERS}/plan`, { settings })).body as {
          steps: { node: string; decision: string; reasons: unknown[] }[]
        }
      const same = await plan({ count: 9 })
      expect(same.steps.map(({ node, decision }) => `${node} ${decision}`)).toEqual([
        'load reuse',
        'total reuse',
        'report reuse',
      ])
      expect(same.steps[0]!.reasons).toEqual([
        { because: 'reused', computedAt: expect.any(Number), ms: expect.any(Number), outputs: [expect.anything()] },
      ])
      const before = (await client.ask('GET', `${ORDERS}/runs`)).body as { runs: object[] }
      const changed = await plan({ count: 10 })
      expect(changed.steps[0]).toMatchObject({
        node: 'load',
        decision: 'run',
        reasons: [{ because: 'parameter', name: 'count', before: 9, after: 10 }],
      })
      expect((await client.ask('GET', `${ORDERS}/runs`)).body).toEqual(before)
    })

    it('and lists them, newest first, equally from each copy', async () => {
      const runs: string[] = []
      for (const count of [2, 3]) {
        runs.unshift(await client.start('orders', { settings: { count } }))
        await client.ended('orders', runs[0]!)
      }
      const { body } = (await client.ask('GET', `${ORDERS}/runs?limit=2`)) as {
        body: { runs: { run: string; status: string }[] }
      }
      expect(body.runs.map(({ run, status }) => [run, status])).toEqual(runs.map((run) => [run, 'completed']))
      expect((await other.ask('GET', `${ORDERS}/runs?limit=2`)).body).toEqual(body)
      expect((await client.ask('GET', '/v1/pipelines')).body).toEqual({ env, pipelines: ['orders'] })
    })

    it('and lists them page by page, and by status, time and parameters', async () => {
      const run = await client.start('orders', { settings: { count: 77 } })
      const { plan } = await client.ended('orders', run)
      const list = async (query: string) =>
        (await client.ask('GET', `${ORDERS}/runs?${query}`)).body as {
          runs: { run: string; status: string }[]
          next?: string
        }
      const names = ({ runs }: { runs: readonly { run: string }[] }) => runs.map((each) => each.run)
      const all = await list('limit=200')
      const paged: string[] = []
      for (let page = await list('limit=2'); ; page = await list(`limit=2&before=${page.next}`)) {
        expect(page.runs.length).toBeLessThanOrEqual(2)
        paged.push(...names(page))
        if (page.next === undefined) break
      }
      expect(paged).toEqual(names(all))
      expect(paged.length).toBeGreaterThan(4)
      expect(names(await list('param=count=77&param=waits='))).toEqual([run])
      expect(names(await list('param=count=77&param=waits=x'))).toEqual([])
      const { createdAt } = plan
      expect(names(await list(`since=${createdAt}&until=${createdAt + 1}`))).toEqual([run])
      expect(names(await list(`since=${new Date(createdAt).toISOString()}`))).toEqual([run])
      expect(names(await list(`until=${createdAt}`))).toEqual(names(all).slice(1))
      expect(names(await list('status=completed&status=failed'))).toContain(run)
      expect(names(await list('status=failed&status=cancelled'))).not.toContain(run)
      for (const wrong of ['limit=0', 'limit=x', 'status=done', 'since=yesterday', 'param=count', 'colour=red'])
        expect((await client.ask('GET', `${ORDERS}/runs?${wrong}`)).status, wrong).toBe(400)
    })

    it('but not of a pipeline that cannot run on services, an unknown pipeline or an invalid request', async () => {
      const start = async (pipeline: string, request: unknown) => {
        const { status, body } = await client.ask('POST', `/v1/pipelines/${pipeline}/runs`, request)
        return [status, (body as { code: string }).code]
      }
      expect(await start('hiding', {})).toEqual([422, 'BAD_DEFINITION'])
      expect(await start('nothing', {})).toEqual([404, 'NOT_FOUND'])
      expect(await start('orders', { setings: {} })).toEqual([400, 'BAD_PARAMETER'])
      expect(await start('orders', { settings: { count: 0 } })).toEqual([400, 'BAD_PARAMETER'])
      expect(await start('orders', '{ "settings": ')).toEqual([400, 'BAD_REQUEST'])
      expect(await start('orders', { until: ['../load'] })).toEqual([400, 'BAD_PARAMETER'])
    })
  })

  it('cancels a run, and restarts it from a step, as a new run based on it', async () => {
    const { run, letGo } = await startWaiting()
    const cancelled = await other.ask('POST', `${ORDERS}/runs/${run}/cancel`)
    expect([cancelled.status, cancelled.body]).toMatchObject([200, { status: 'cancelled' }])
    const { plan, end, tasks } = await client.ended('orders', run)
    expect(end).toMatchObject({ status: 'cancelled' })
    expect(statuses(tasks)).toEqual({ load: 'completed', total: 'cancelled', report: 'cancelled' })
    letGo()

    const { status, body } = await client.ask('POST', `${ORDERS}/runs/${run}/retry`, { from: 'total' })
    expect(status).toBe(202)
    const again = await client.ended('orders', (body as { run: string }).run)
    expect(again.plan).toMatchObject({ parent: run, nodes: { load: { type: 'given', from: run } } })
    expect(again.plan.run).not.toBe(run)
    expect(again.plan.settings).toEqual(plan.settings)
    expect(again.plan.params).toEqual(plan.params)
    expect(statuses(again.tasks)).toEqual({ total: 'completed', report: 'completed' })
    const tooLate = await client.ask('POST', `${ORDERS}/runs/${again.plan.run}/cancel`)
    expect(tooLate.body).toMatchObject({ status: 'completed' })
  })

  describe('streams events', () => {
    const typesAndTasks = (events: readonly CairnEvent[]) =>
      events.map(({ type, data }) => `${type} ${data.node ?? ''}`.trim())

    it('from the beginning to the end, each event once, also to late followers and from another copy', async () => {
      const { run, letGo } = await startWaiting()
      const received: CairnEvent[] = []
      for await (const event of client.events('orders', run)) {
        received.push(event)
        if (event.type === 'cairn.completed' && event.data.node === 'load') letGo()
      }
      expect(new Set(received.map(({ id }) => id)).size).toBe(received.length)
      expect(received.every(({ data }) => data.run === run)).toBe(true)
      expect(received.at(-1)).toMatchObject({ type: 'cairn.run-ended', data: { status: 'completed' } })
      const endings = ['load', 'total', 'report'].map((node) => `cairn.completed ${node}`)
      expect(typesAndTasks(received)).toEqual(expect.arrayContaining(endings))

      const late = await Array.fromAsync(other.events('orders', run))
      expect(typesAndTasks(late)).toEqual([...endings, 'cairn.run-ended'])
      const known = new Map(received.map((event) => [event.id, event]))
      for (const event of late) expect(known.get(event.id)?.data).toEqual(event.data)
    })

    it('to a follower that was cut off, all missed events', async () => {
      const { run, letGo } = await startWaiting()
      for await (const { data } of client.events('orders', run)) if (data.node === 'load') break
      const after = client.events('orders', run)
      const first = await after.next()
      letGo()
      const rest = await Array.fromAsync(after)
      expect(typesAndTasks([first.value as CairnEvent, ...rest])).toEqual(
        expect.arrayContaining(['cairn.completed load', 'cairn.completed total', 'cairn.run-ended']),
      )
    })

    it('to a follower that sends Last-Event-ID, only the rest, from another copy', async () => {
      const { run, letGo } = await startWaiting()
      let last = ''
      for await (const { id, event } of client.messages('orders', run)) {
        last = id
        if (event.type === 'cairn.completed') break
      }
      letGo()
      const rest = await Array.fromAsync(other.events('orders', run, { 'last-event-id': last }))
      expect(typesAndTasks(rest).filter((told) => !/attempt/.test(told))).toEqual([
        'cairn.completed total',
        'cairn.completed report',
        'cairn.run-ended',
      ])
      for (const foreign of ['nonsense', last.replace(run, '20260101-000000-other')]) {
        const whole = await Array.fromAsync(other.events('orders', run, { 'last-event-id': foreign }))
        expect(typesAndTasks(whole)).toHaveLength(4)
      }
    })

    it('but not of an unknown run', async () => {
      const { status, body } = await client.ask('GET', `${ORDERS}/runs/none/events`)
      expect([status, body]).toMatchObject([404, { code: 'NOT_FOUND' }])
    })
  })

  describe('serves records and artifacts', () => {
    let run: string
    beforeAll(async () => {
      run = await client.start('orders', { settings: { count: 11 } })
      await client.ended('orders', run)
    })
    const store = (what: string, path: string) => `${ORDERS}/store/${what}?path=${encodeURIComponent(path)}`

    it('byte by byte', async () => {
      const { tasks } = await client.show('orders', run)
      const outcome = tasks['report']!.items[0]!
      const { digest, size } = (outcome.status === 'completed' ? outcome.outputs['text'] : undefined)!
      const path = `objects/${digest.slice(0, 2)}/${digest}`
      const bytes = await client.bytes(store('object', path))
      expect(hash('sha256', bytes)).toBe(digest)
      expect(bytes.toString()).toBe('total: 13.75\n'.repeat(1_000))
      expect((await client.ask('GET', store('stat', path))).body).toMatchObject({ size })
      expect((await client.ask('GET', store('children', `runs/${run}/ends/`))).body).toEqual({
        names: ['load', 'report', 'total'],
      })
      const record = JSON.parse(String(await client.bytes(store('record', `runs/${run}/ends/report`)))) as object
      expect(record).toEqual({ ...tasks['report'], check: expect.stringMatching(/^[0-9a-f]{16}$/) })
    })

    it.each([
      '../other/runs/x/plan',
      'runs/../../other/x',
      'objects/aa/../../../../etc/passwd',
      '/etc/passwd',
      'runs/%2e%2e/x',
      'runs/x\0',
      'leases/x',
      'submissions/x',
      'runs//..//x',
      '',
    ])('but nothing else: %j', async (path) => {
      for (const what of ['record', 'children', 'stat', 'object'])
        expect((await client.ask('GET', store(what, path))).status, what).toBe(400)
      const headers = { 'content-type': 'application/octet-stream' }
      for (const what of ['record', 'object'])
        expect((await client.ask('PUT', store(what, path), 'x', headers)).status, what).toBe(400)
    })

    it.each(['..%2forders', '%2e%2e', 'orders%2f..%2fother', '__proto__', 'constructor', 'Orders'])(
      'nor of a pipeline named %s',
      async (name) => {
        const { status } = await client.ask('GET', `/v1/pipelines/${name}/store/record?path=runs/x/plan`)
        expect([400, 404]).toContain(status)
      },
    )

    it('accepts uploads that match their name', async () => {
      const headers = { 'content-type': 'application/octet-stream' }
      const put = async (what: string, path: string, body: string) => {
        const { status, body: answer } = await client.ask('PUT', store(what, path), body, headers)
        return [status, (answer as { code?: string } | undefined)?.code]
      }
      const large = 'x'.repeat(3 * BODY_LIMIT)
      const digest = hash('sha256', large)
      const path = `objects/${digest.slice(0, 2)}/${digest}`
      expect(await put('object', path, `${large}y`)).toEqual([400, 'BAD_RECORD'])
      expect((await client.ask('GET', store('stat', path))).status).toBe(404)
      expect(await put('object', path, large)).toEqual([200, undefined])
      expect(String(await client.bytes(store('object', path)))).toBe(large)

      const outcome = (await client.show('orders', run)).tasks['load']!.items[0]!
      const checkpoint = `checkpoints/load/${outcome.status === 'completed' ? outcome.key! : ''}`
      const { check: _, ...record } = JSON.parse(String(await client.bytes(store('record', checkpoint)))) as object & {
        check: string
      }
      const added = (change: object) =>
        put('record', 'checkpoints/load/added', JSON.stringify({ ...record, ...change }))
      expect(await put('record', 'checkpoints/load/added', 'no JSON')).toEqual([400, 'BAD_RECORD'])
      expect(await added({ key: 'added', outputs: { orders: 7 } })).toEqual([400, 'BAD_RECORD'])
      expect(await added({})).toEqual([400, 'BAD_RECORD'])
      expect(await added({ key: 'added' })).toEqual([200, undefined])
    })
  })

  describe('admits', () => {
    /** A request to each address that its document names, and the right that it needs there. */
    const requests: { readonly right: string; readonly method: string; readonly path: string }[] = []
    beforeAll(async () => {
      const { body } = await client.as(undefined).ask('GET', '/v1/openapi.json')
      for (const [path, methods] of Object.entries((body as OpenApi).paths))
        for (const [method, operation] of Object.entries(methods)) {
          const { security, parameters = [], 'x-cairn-right': right } = operation
          if (!security) continue
          const place = path.endsWith('/children') ? 'runs/' : path.endsWith('/object') ? 'objects/aa/x' : 'runs/x/plan'
          const given: Readonly<Record<string, string>> = { pipeline: 'orders', run: 'x', id: '0-0', path: place }
          const query = parameters.filter(({ in: where, required }) => where === 'query' && required)
          const asked = query.map(({ name }) => `${name}=${encodeURIComponent(given[name]!)}`).join('&')
          const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => given[name]!)
          requests.push({ right: right!, method: method.toUpperCase(), path: `${filled}${asked && `?${asked}`}` })
        }
    })
    const RIGHTS = ['read', 'run', 'cancel', 'replay', 'adopt', 'promote', 'collect']
    const holding = (rights: readonly string[], pipelines = ['*']) =>
      client.as(services.token({ name: 'someone', rights, pipelines }))
    /** Tokens are read anew a second after they were read last. */
    const known = (someone: ControlClient, path = `${ORDERS}/runs`) =>
      expect.poll(async () => (await someone.ask('GET', path)).status).not.toBe(401)

    it('no request without a known token', async () => {
      expect(requests.length).toBe(Object.values(ROUTES).filter((right) => right !== undefined).length)
      for (const { method, path } of requests)
        for (const token of [undefined, 'x', 'x'.repeat(10_000), 'x y']) {
          const { status, body } = await client.as(token).ask(method, path)
          expect([status, body], `${method} ${path}`).toMatchObject([401, { code: 'UNAUTHENTICATED' }])
        }
    })

    it('requests with the needed right, and none with another right', async () => {
      const holders = [...RIGHTS.map((right) => [right]), []].map((rights) => [rights, holding(rights)] as const)
      await known(holders.at(-1)![1])
      for (const [rights, someone] of holders)
        for (const { right, method, path } of requests) {
          const { status, body } = await someone.ask(method, path, method === 'POST' ? {} : undefined)
          const about = `${rights.join()}: ${method} ${path}`
          if (rights.includes(right)) expect([401, 403, 405, 500], about).not.toContain(status)
          else expect([status, body], about).toMatchObject([403, { code: 'NOT_ALLOWED' }])
        }
    })

    it('no token to another pipeline', async () => {
      const someone = holding(RIGHTS, ['penguins'])
      await known(someone)
      const text = async (path: string) => (await someone.fetch(path)).text()
      for (const { right, method, path } of requests) {
        const isOfAll = !path.startsWith(`${ORDERS}/`)
        const { status, body } = await someone.ask(method, path)
        expect(status, `${method} ${path}`).toBe(isOfAll ? 200 : 403)
        if (isOfAll) expect(await text(path), path).not.toContain('orders')
        else expect(body).toMatchObject({ detail: `the token of someone lacks the right "${right}" for orders` })
      }
      expect((await someone.ask('GET', '/v1/pipelines')).body).toEqual({ env, pipelines: [] })
      const unknown = await someone.ask('GET', '/v1/pipelines/penguins/runs')
      expect([unknown.status, unknown.body]).toMatchObject([404, { code: 'NOT_FOUND' }])
    })

    it('a single-pipeline token to the all-pipelines endpoints, and shows only that pipeline', async () => {
      const someone = holding(['read'], ['penguins', 'orders'])
      await known(someone)
      expect((await someone.ask('GET', '/v1/pipelines')).body).toEqual({ env, pipelines: ['orders'] })
      const { body } = await someone.ask('GET', '/v1/checkup')
      const topics = { what: 'topics', ok: true, found: '1 exist, one for each pipeline with runs' }
      expect((body as { checks: object[] }).checks).toContainEqual(topics)
      const nothing = holding(['read'], [])
      await known(nothing)
      const refused = await nothing.ask('GET', '/v1/pipelines')
      expect([refused.status, refused.body]).toMatchObject([
        403,
        { detail: 'the token of someone lacks the right "read" for any pipeline' },
      ])
    })

    it('no token that was removed', async () => {
      const someone = holding(['read'])
      await known(someone)
      services.takeTokensOf('someone')
      await expect.poll(async () => (await someone.ask('GET', `${ORDERS}/runs`)).status).toBe(401)
    })

    it('everyone to its health and its OpenAPI document', async () => {
      const anyone = client.as(undefined)
      expect((await anyone.ask('GET', '/health/live')).body).toEqual({ process: 'ok' })
      expect((await anyone.ask('GET', '/health/ready')).body).toEqual({ events: 'ok', store: 'ok', tokens: 'ok' })
      expect((await anyone.ask('GET', '/v1/openapi.json')).status).toBe(200)
    })
  })

  describe('refuses', () => {
    it('a request that is too large', async () => {
      const { status, body } = await client.ask('POST', `${ORDERS}/runs`, {
        settings: { waits: 'x'.repeat(BODY_LIMIT) },
      })
      expect([status, body]).toMatchObject([413, { code: 'TOO_LARGE' }])
    })

    it.each([
      ['a prototype', '{"settings":{"__proto__":{"count":3}}}'],
      ['a prototype at the top', '{"__proto__":{"settings":{"count":3}}}'],
      ['a constructor', '{"settings":{"constructor":{"prototype":{"count":3}}}}'],
      ["a step's prototype", '{"settings":{"load.__proto__":{"count":3}}}'],
      ["a prototype's parameter", '{"settings":{"__proto__.count":3}}'],
      ['a list for an object', '{"settings":[]}'],
      ['no object', '"x"'],
    ])('%s, and changes nothing', async (_, body) => {
      const { status } = await client.ask('POST', `${ORDERS}/runs`, body)
      expect(status).toBe(400)
      expect((await client.as(undefined).ask('GET', '/health/live')).status).toBe(200)
    })

    it.each([
      [
        'JSON that is nested deeply',
        'POST',
        '/runs',
        `{"settings":{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}}`,
        400,
      ],
      ['objects that are nested deeply', 'POST', '/plan', '{"settings":'.repeat(100) + '1' + '}'.repeat(100), 400],
      ['a path that is one dot', 'GET', '/store/record?path=runs/.', undefined, 400],
      ['a path that no store takes', 'GET', `/store/record?path=runs/${'a'.repeat(5_000)}`, undefined, 400],
      ['a path with a name that no store takes', 'GET', `/store/stat?path=runs/${'a'.repeat(300)}`, undefined, 400],
      ['a path with many names', 'GET', `/store/children?path=runs${'/a'.repeat(1_000)}`, undefined, 400],
      ['an address that is too long', 'GET', `/runs?limit=${'1'.repeat(9_000)}`, undefined, 414],
      ['headers that are too large', 'GET', `/runs?limit=${'1'.repeat(20_000)}`, undefined, 431],
      ['a broken address', 'GET', '/runs/%', undefined, 400],
      ['another method', 'DELETE', '/runs', undefined, 405],
      ['a run of another name', 'GET', `/runs/${'x'.repeat(99)}`, undefined, 400],
    ])('%s', async (_, method, path, body, wanted) => {
      const { status, body: told } = await client.ask(method, ORDERS + path, body)
      expect([status, told]).toMatchObject([
        wanted,
        { status: wanted, type: expect.stringMatching(/^urn:cairn:problem:/) as string },
      ])
      const text = JSON.stringify(told)
      for (const secret of [services.connection.s3.endpoint, services.connection.s3.bucket])
        expect(text).not.toContain(secret)
    })

    it('a wrong or missing content type', async () => {
      const types = [
        'application/octet-stream',
        'text/plain',
        'application/x-www-form-urlencoded',
        'nothing',
        undefined,
      ]
      const report = async (method: string, path: string, body: string | undefined) => {
        const asked = types.map(async (type) => {
          const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
          const answer = await client.fetch(ORDERS + path, { method, headers, ...(body !== undefined && { body }) })
          return `${answer.status} ${answer.headers.get('content-type')}`
        })
        return new Set(await Promise.all(asked))
      }
      const refused = (status: number) => `${status} application/problem+json; charset=utf-8`
      const nothing = hash('sha256', '')
      const object = `/store/object?path=objects/${nothing.slice(0, 2)}/${nothing}`
      const record = '/store/record?path=checkpoints/x/y'
      expect(await report('POST', '/plan', '{"until":["nowhere"]}')).toEqual(new Set([refused(415)]))
      expect(await report('POST', '/runs/none/retry', undefined)).toEqual(new Set([refused(404), refused(415)]))
      expect(await report('PUT', record, 'x')).toEqual(new Set([refused(400), refused(415)]))
      expect(await report('PUT', record, undefined)).toEqual(new Set([refused(400), refused(415)]))
      expect(await report('PUT', object, 'x')).toEqual(new Set([refused(400), refused(415)]))
      expect(await report('PUT', object, undefined)).toEqual(
        new Set(['200 application/json; charset=utf-8', refused(415)]),
      )
      expect(await report('PUT', '/store/object?path=objects/.', undefined)).toEqual(
        new Set([refused(400), refused(415)]),
      )
    })

    it('more concurrent requests than its token may have, with Retry-After', async () => {
      const hasty = client.as(services.token({ name: 'hasty', rights: ['read'], pipelines: ['*'] }))
      await expect.poll(async () => (await hasty.ask('GET', '/v1/pipelines')).status).toBe(200)
      const { run, letGo } = await startWaiting()
      const cut = new AbortController()
      const follow = () => hasty.fetch(`${ORDERS}/runs/${run}/events`, { signal: cut.signal })
      for (let follower = 0; follower < FOLLOWERS; follower++) expect((await follow()).status).toBe(200)
      const refused = await follow()
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)])
      expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_REQUESTS', status: 429 })
      expect((await hasty.ask('GET', '/v1/pipelines')).status).toBe(200)
      cut.abort()
      await expect.poll(async () => (await hasty.ask('GET', `${ORDERS}/runs/none/events`)).status).toBe(404)
      letGo()
    })

    it('nothing because of a broken file of tokens: the last good one stays valid, and readiness reports it', async () => {
      const mend = services.breakTokens()
      const findings = async () => (await client.as(undefined).ask('GET', '/health/ready')).body as { detail?: string }
      await expect
        .poll(findings)
        .toMatchObject({ status: 503, detail: expect.stringMatching(/^tokens: .*cannot be read/) as string })
      expect((await client.ask('GET', '/v1/pipelines')).status).toBe(200)
      mend()
      await expect.poll(findings).toEqual({ events: 'ok', store: 'ok', tokens: 'ok' })
    })

    it('invalid JSON and unknown addresses, with a JSON body', async () => {
      const xml = await client.ask('POST', `${ORDERS}/runs`, '<x/>', { 'content-type': 'application/xml' })
      expect([xml.status, xml.body]).toMatchObject([415, { code: 'UNSUPPORTED_MEDIA_TYPE' }])
      const nowhere = await client.ask('GET', '/v2/pipelines')
      expect([nowhere.status, nowhere.body]).toMatchObject([404, { code: 'NOT_FOUND' }])
      const noRun = await client.ask('GET', `${ORDERS}/runs/none`)
      expect([noRun.status, noRun.body]).toMatchObject([404, { code: 'NOT_FOUND' }])
    })
  })

  it('describes itself as OpenAPI: every route with its responses and schemas', async () => {
    const { body } = await client.as(undefined).ask('GET', '/v1/openapi.json')
    const document = body as OpenApi
    expect(document.openapi).toMatch(/^3\.\d\.\d$/)
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
    )
    const routes = operations.map(({ method, path, 'x-cairn-right': right }) => [`${method} ${path}`, right])
    expect(Object.fromEntries(routes)).toEqual(ROUTES)
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
    for (const { path, method, parameters = [], responses, security, summary } of operations) {
      const called = `${method} ${path}`
      const inPath = parameters.filter((parameter) => parameter.in === 'path')
      expect(inPath.map(({ name }) => name).sort(), called).toEqual(
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).sort(),
      )
      expect(
        inPath.every(({ required }) => required),
        called,
      ).toBe(true)
      expect(
        parameters.every(({ schema }) => schema !== undefined),
        called,
      ).toBe(true)
      expect(Object.keys(responses), called).not.toEqual([])
      for (const [status, { description, content }] of Object.entries(responses)) {
        expect(description, `${called} ${status}`).toMatch(/./)
        expect(
          Object.values(content ?? {}).map(({ schema }) => typeof schema),
          `${called} ${status}`,
        ).toEqual(['object'])
      }
      if (path.startsWith('/v1/') && !path.endsWith('openapi.json'))
        expect([summary, security], called).toEqual([expect.stringMatching(/./), [{ bearer: [] }]])
    }
    expect(document.components.securitySchemes).toMatchObject({ bearer: { type: 'http', scheme: 'bearer' } })
    const text = JSON.stringify(document)
    for (const [, ref] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = ref!
        .split('/')
        .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], document)
      expect(found, ref).toBeDefined()
    }
  })

  it('lists dead letters, each message once, and replays them to the groups that gave up, or drops them', async () => {
    const bad = await lostEvents(3)
    await services.bus.publish(topicOf({ env, pipeline: 'orders' }), bad)
    const page = async (query = '') => (await client.ask('GET', `${ORDERS}/dead-letters${query}`)).body as Letters
    const of = async (run: string) => (await page(`?all=true&run=${run}`)).letters
    const [first, second] = bad.map(({ data }) => data.run) as [string, string, string]
    for (const { data } of bad)
      await expect.poll(async () => (await of(data.run))[0]?.groups.length, { interval: 200 }).toBe(STEPS.length)
    const [letter] = await of(first)
    expect(letter!.groups.map(({ group }) => group).sort()).toEqual([...STEPS].sort())
    expect(letter!.groups[0]).toMatchObject({
      state: 'waiting',
      error: { code: 'NOT_FOUND', message: expect.stringContaining('has no plan') as string },
    })

    const pages: string[] = []
    for (let next: string | undefined = ''; next !== undefined;) {
      const { letters, next: after }: Letters = await page(`?limit=1${next && `&after=${next}`}`)
      pages.push(...letters.map(({ event }) => event!.run))
      next = after
    }
    expect(pages.filter((run) => bad.some(({ data }) => data.run === run))).toHaveLength(3)
    const { waiting } = await page()
    expect(waiting).toBe((await page('?limit=200')).letters.length)
    const counts = (await client.ask('GET', '/v1/dead-letters')).body as { waiting: Record<string, number> }
    expect(counts.waiting['orders']).toBe(waiting)
    const shown = (await client.ask('GET', `${ORDERS}/dead-letters/${letter!.id}`)).body as { value: string }
    expect(JSON.parse(Buffer.from(shown.value, 'base64').toString())).toEqual(bad[0]!.data)

    const [group] = STEPS
    const replayed = await client.ask('POST', `${ORDERS}/dead-letters/${letter!.id}/replay`, { group })
    expect(replayed).toMatchObject({ status: 202, body: { groups: [group] } })
    await expect.poll(async () => (await of(first)).length, { interval: 200 }).toBe(2)
    const [again] = await of(first)
    expect(again!.groups).toMatchObject([{ group, state: 'waiting' }]) // the others did not get it
    const once = await client.ask('POST', `${ORDERS}/dead-letters/${letter!.id}/replay`, { group })
    expect(once.status).toBe(409)

    const [other] = await of(second)
    const dropped = await client.ask('POST', `${ORDERS}/dead-letters/${other!.id}/drop`, {})
    expect(dropped.status).toBe(200)
    expect((await page(`?run=${second}`)).letters).toEqual([])
    expect((await of(second))[0]!.groups.map(({ state }) => state)).toEqual(STEPS.map(() => 'dropped'))
    expect((await client.ask('POST', `${ORDERS}/dead-letters/0-999999/replay`, {})).status).toBe(404)
    expect((await client.ask('POST', `${ORDERS}/dead-letters/none/replay`, {})).status).toBe(400)
    expect((await client.ask('GET', '/v1/pipelines/penguins/dead-letters')).status).toBe(404)
  })

  /** Events of runs whose plans are nowhere: no host can do anything with them. */
  async function lostEvents(count: number): Promise<CairnEvent[]> {
    const [event] = await Array.fromAsync(client.events('orders', await client.start('orders', {})))
    return Array.from({ length: count }, () => {
      const run = `lost-${randomUUID()}`
      const data = { env, pipeline: 'orders', run }
      const type = 'cairn.run-started' as const
      return { ...event!, type, id: `${run}/run-started`, subject: run, partitionkey: run, data }
    })
  }
})

interface Letters {
  readonly letters: readonly {
    readonly id: string
    readonly event?: { readonly run: string }
    readonly groups: readonly { readonly group: string; readonly state: string; readonly error: object }[]
  }[]
  readonly next?: string
  readonly waiting: number
}
interface OpenApi {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly securitySchemes: object }
}
interface Operation {
  readonly operationId: string
  readonly 'x-cairn-right'?: string
  readonly summary?: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required: boolean
    readonly schema?: object
  }[]
  readonly responses: Readonly<
    Record<
      string,
      { readonly description?: string; readonly content?: Readonly<Record<string, { readonly schema?: object }>> }
    >
  >
  readonly security?: object
}
/** Each address, and the right that it needs. */
const ROUTES: Readonly<Record<string, string | undefined>> = {
  'get /health/live': undefined,
  'get /health/ready': undefined,
  'get /v1/checkup': 'read',
  'get /v1/dead-letters': 'read',
  'get /v1/openapi.json': undefined,
  'get /v1/pipelines': 'read',
  'get /v1/pipelines/{pipeline}/dead-letters': 'read',
  'get /v1/pipelines/{pipeline}/dead-letters/{id}': 'read',
  'get /v1/pipelines/{pipeline}/production': 'read',
  'get /v1/pipelines/{pipeline}/runs': 'read',
  'get /v1/pipelines/{pipeline}/runs/{run}': 'read',
  'get /v1/pipelines/{pipeline}/runs/{run}/events': 'read',
  'get /v1/pipelines/{pipeline}/runs/{run}/missing-stages': 'read',
  'get /v1/pipelines/{pipeline}/store/children': 'read',
  'get /v1/pipelines/{pipeline}/store/object': 'read',
  'get /v1/pipelines/{pipeline}/store/record': 'read',
  'get /v1/pipelines/{pipeline}/store/stat': 'read',
  'post /v1/pipelines/{pipeline}/collections': 'collect',
  'post /v1/pipelines/{pipeline}/dead-letters/{id}/drop': 'replay',
  'post /v1/pipelines/{pipeline}/dead-letters/{id}/replay': 'replay',
  'post /v1/pipelines/{pipeline}/examinations': 'collect',
  'post /v1/pipelines/{pipeline}/plan': 'read',
  'post /v1/pipelines/{pipeline}/production': 'promote',
  'post /v1/pipelines/{pipeline}/production/rollback': 'promote',
  'post /v1/pipelines/{pipeline}/runs': 'run',
  'post /v1/pipelines/{pipeline}/runs/{run}/rerun': 'run',
  'post /v1/pipelines/{pipeline}/runs/{run}/cancel': 'cancel',
  'post /v1/pipelines/{pipeline}/runs/{run}/retry': 'run',
  'put /v1/pipelines/{pipeline}/store/object': 'adopt',
  'put /v1/pipelines/{pipeline}/store/record': 'adopt',
}
