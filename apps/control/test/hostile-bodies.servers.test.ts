import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { runNames } from '@cairn/workspace'
import { layout } from '@cairn/records'
import { Services, type Control } from './services.fixture.ts'
import { TemporaryProject } from './temporary-project.fixture.ts'

const servers = inject('servers')

describe.skipIf(!servers)('control', () => {
  const env = `bodies-${randomUUID().slice(0, 8)}`
  const project = new TemporaryProject('orders', env)
  const started: string[] = []
  let services: Services
  let control: Control

  beforeAll(async () => {
    services = await Services.open(servers!, { env, root: project.root, pipelines: ['orders'] })
    control = await services.control({ CAIRN_SWEEP: '3600' })
    started.push(await control.client.start('orders', { settings: { count: 3 } }))
  })
  afterAll(async () => {
    await services?.close()
    project.remove()
  })

  const post = async (what: string, body: string | Buffer, type = 'application/json') => {
    const answer = await control.client.fetch(`/v1/pipelines/orders/${what}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    })
    return { status: answer.status, ...((await answer.json()) as { code?: string; detail?: string; run?: string }) }
  }

  it.each([
    [
      'bytes that are not UTF-8',
      Buffer.from('{"settings":{"count":"caf\xe9"}}', 'latin1'),
      'BAD_REQUEST',
      'not valid UTF-8',
    ],
    ['a key twice', '{"settings":{"count":3,"count":4}}', 'BAD_PARAMETER', 'a key appears twice'],
    [
      'an integer that a double cannot hold',
      '{"settings":{"count":9007199254740993}}',
      'BAD_PARAMETER',
      '9007199254740993',
    ],
    ['a number that becomes infinite', '{"settings":{"count":1e400}}', 'BAD_PARAMETER', '1e400'],
    ['null', 'null', 'BAD_PARAMETER', 'must be an object'],
    [
      'more parameters than a pipeline has',
      JSON.stringify({ settings: Object.fromEntries(Array.from({ length: 1_001 }, (_, at) => [`p${at}`, at])) }),
      'BAD_PARAMETER',
      'takes at most 1000 parameters',
    ],
  ])('refuses a body with %s, and starts nothing', async (_, body, code, detail) => {
    expect(await post('runs', body)).toMatchObject({
      status: 400,
      code,
      detail: expect.stringContaining(detail) as string,
    })
    expect(await runNames(services.store, layout(env, 'orders'))).toEqual(started)
  })

  it('names the part of an address that is wrong', async () => {
    const detail = async (path: string) => ((await control.client.ask('GET', path)).body as { detail: string }).detail
    expect(await detail('/v1/pipelines/orders/runs/a%20b')).toMatch(/^run does not have the expected form/)
    expect(await detail('/v1/pipelines/orders/store/record?path=..')).toMatch(/^path does not have the expected form/)
    expect(await detail('/v1/pipelines/orders/store/record')).toMatch(/^path must be text/)
  })

  it('takes JSON in UTF-8 only', async () => {
    for (const charset of ['iso-8859-1', 'utf-16', '"latin1"'])
      expect(await post('plan', '{}', `application/json; charset=${charset}`), charset).toMatchObject({ status: 415 })
    for (const charset of ['utf-8', 'UTF-8', '"utf-8"'])
      expect(await post('plan', '{}', `application/json; charset=${charset}`), charset).toMatchObject({ status: 200 })
  })

  it('ends the stream of a reader whose token is removed', async () => {
    const token = services.token({ name: 'reader', pipelines: ['orders'], rights: ['read'] })
    await vi.waitUntil(async () => (await control.client.as(token).fetch('/v1/pipelines')).ok, 10_000)
    const messages = control.client.as(token).allMessages('orders', started[0]!)
    expect((await messages.next()).done).toBe(false)
    services.takeTokensOf('reader')
    for await (const _ of messages); // until control closes it, with its next message at the latest
    await expect(control.client.as(token).allMessages('orders', started[0]!).next()).rejects.toThrow('401')
  }, 60_000)

  it('leaves out folders that are no pipelines, and names them', async () => {
    const foreign = ['evïl', '__proto__', 'Bad Name', 'queues@local']
    for (const name of foreign) await services.store.create(`${env}/${name}/runs/x/plan`, Buffer.from('{}'))
    const { body } = await control.client.ask('GET', '/v1/pipelines')
    expect(body).toMatchObject({ pipelines: ['orders'] })
    const { checks } = (await control.client.ask('GET', '/v1/checkup')).body as {
      checks: { name: string; ok: boolean; detail: string }[]
    }
    const folders = checks.find((check) => JSON.stringify(check).includes('not pipelines'))
    for (const name of foreign) expect(JSON.stringify(folders)).toContain(`${env}/${name}/`)

    const one = control.client.as(services.token({ name: 'one', pipelines: ['orders'], rights: ['read'] }))
    await vi.waitUntil(async () => (await one.fetch('/v1/pipelines')).ok, 10_000)
    expect((await one.ask('GET', '/v1/checkup')).body).toMatchObject({
      checks: expect.arrayContaining([
        expect.objectContaining({ what: 'folders', found: '1, one for each pipeline' }),
      ]) as [],
    })
  })
})
