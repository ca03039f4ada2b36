import { hash, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import type { ControlClient } from '@cairn/control-app/test/client.fixture.ts'
import { Services, TEST_BUCKET } from '@cairn/control-app/test/services.fixture.ts'
import { TemporaryProject } from '@cairn/control-app/test/temporary-project.fixture.ts'
import { findProject, loadPipeline, stepsOf } from '@cairn/workspace'
import { layout, runEvent, topicOf, type Plan } from '@cairn/records'
import { isAtHand } from '@cairn/tools/servers/needed.fixture'
import { lackingTools } from '@cairn/tools/servers/servers'
import { requestsTo, type Asked, type Standing } from './addresses.fixture.ts'
import { Granted } from './granted.fixture.ts'
import { addressesIn } from './rights.fixture.ts'
import { ADMIN, usersOf } from './users.ts'

const PIPELINE = 'orders'
const AT = `/v1/pipelines/${PIPELINE}`
const servers = inject('servers')

/** Services as in the secure overlay: control and each stage with their own name, password and rights. */
describe.runIf(servers && isAtHand(lackingTools()))('control of the secure overlay, asked with every token', () => {
  const env = `tokens-${randomUUID().slice(0, 8)}`
  const project = new TemporaryProject(PIPELINE, env)
  /** The addresses that each right opens, as in docs/security.md. */
  const described = addressesIn('opens')
  const rights = new Map([...described].filter(([right]) => right !== 'none'))
  let granted: Granted
  let services: Services
  /** A token with all rights. */
  let client: ControlClient
  let standing: Standing
  let requests: Readonly<Record<string, readonly Asked[]>>

  beforeAll(async () => {
    const { pipeline } = await loadPipeline(findProject(project.root), PIPELINE)
    const place = { env, bucket: TEST_BUCKET }
    const users = usersOf({ ...place, pipelines: [pipeline], consumers: [] })
    granted = await Granted.open({ s3: servers!.s3, ...place, users, pipelines: [PIPELINE] })
    const { kafka } = granted.connectionOf(ADMIN)
    services = await Services.open({ kafka, s3: servers!.s3 }, { env, root: project.root, pipelines: [PIPELINE] })
    const connectedAs = (user: string) => {
      const file = join(granted.folder, `${user}.json`)
      writeFileSync(file, JSON.stringify(granted.connectionOf(user)))
      return { CAIRN_CONNECTION: file }
    }
    const [control] = await Promise.all([
      services.control(connectedAs('control')),
      ...[...stepsOf(pipeline).keys()].map((step) =>
        services.stage(PIPELINE, step, connectedAs(`${PIPELINE}.${step}`)),
      ),
    ])
    client = control.client
    standing = await prepare()
    requests = requestsTo(PIPELINE, standing)
  })
  afterAll(async () => {
    await services?.close()
    await granted?.close()
    project.remove()
  })

  const completed = async (count: number) => {
    const { plan, end, tasks } = await client.ended(PIPELINE, await client.start(PIPELINE, { settings: { count } }))
    expect(end).toMatchObject({ status: 'completed' })
    return { run: plan.run, tasks }
  }
  const prepare = async (): Promise<Standing> => {
    const [first, second] = [await completed(3), await completed(4)]
    const lost = ['lost-1', 'lost-2'].map((run) =>
      runEvent({ env, pipeline: PIPELINE, run } as Plan, 'run-started', Date.now()),
    )
    await services.bus.publish(topicOf({ env, pipeline: PIPELINE }), lost)
    const letterOf = async (run: string) => {
      const { body } = await client.ask('GET', `${AT}/dead-letters?run=${run}`)
      return (body as { letters: { id: string; groups: object[] }[] }).letters[0]
    }
    const isGivenUp = async (run: string) => {
      const groups = (await letterOf(run))?.groups.length
      if (groups !== 3) throw new Error(`${run} was given up by ${groups} groups`)
    }
    for (const run of ['lost-1', 'lost-2']) await vi.waitFor(() => isGivenUp(run), { timeout: 120_000, interval: 200 })
    const letters = [(await letterOf('lost-1'))!.id, (await letterOf('lost-2'))!.id] as const
    const [outcome] = first.tasks['load']!.items
    const key = outcome?.status === 'completed' ? outcome.key! : ''
    const { check: _, ...checkpoint } = JSON.parse(
      String(await client.bytes(`${AT}/store/record?path=checkpoints/load/${key}`)),
    ) as { check: string }
    const digest = hash('sha256', 'new')
    return {
      runs: [first.run, second.run],
      letters,
      record: { path: 'checkpoints/load/added', text: JSON.stringify({ ...checkpoint, key: 'added' }) },
      object: { path: `objects/${digest.slice(0, 2)}/${digest}`, text: 'new' },
    }
  }

  /** The current state of everything that a token may change. */
  const state = async () => {
    const runs = await services.store.children(layout(env, PIPELINE).runs)
    const checkpoints = await services.store.children(layout(env, PIPELINE).checkpoints('load'))
    const { body: production } = await client.ask('GET', `${AT}/production`)
    const { body: letters } = await client.ask('GET', `${AT}/dead-letters?all=true`)
    const object = await services.store.stat(layout(env, PIPELINE).root + standing.object.path)
    return { runs, checkpoints, production, letters, object: object !== undefined }
  }
  const ask = async (by: ControlClient, address: string, { path, body }: Asked) => {
    const [method] = address.split(' ') as [string]
    const type = typeof body === 'string' ? 'application/octet-stream' : 'application/json'
    const answer = await by.fetch(path, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': type },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    })
    return { status: answer.status, text: await answer.text() }
  }
  const holding = (rights: readonly string[], pipelines = ['*']) =>
    client.as(services.token({ name: 'someone', rights, pipelines }))
  /** Tokens are read again a second after they were last read. */
  const known = (someone: ControlClient) =>
    expect.poll(async () => (await someone.ask('GET', `${AT}/runs`)).status).not.toBe(401)

  it('has the addresses of docs/security.md, each with the documented right', async () => {
    const { body } = await client.as(undefined).ask('GET', '/v1/openapi.json')
    const { paths } = body as { paths: Record<string, Record<string, { 'x-cairn-right'?: string }>> }
    const found = Map.groupBy(
      Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, { 'x-cairn-right': right = 'none' }]) => ({
          right,
          address: `${method.toUpperCase()} ${path}`,
        })),
      ),
      ({ right }) => right,
    )
    const addresses = [...found].map(([right, all]) => [right, all.map(({ address }) => address).sort()] as const)
    expect(Object.fromEntries(described)).toEqual(Object.fromEntries(addresses))
    expect(Object.keys(requests).sort()).toEqual([...rights.values()].flat().sort())
  })

  it('does nothing without the right, without a token, or with a token of another pipeline', async () => {
    const before = await state()
    const all = [...rights.keys()]
    const strangers = [
      [401, client.as(undefined)],
      [401, client.as('x'.repeat(32))],
      [403, holding(all, ['penguins'])],
    ] as const
    /** Addresses about all pipelines answer only about those that the token may read. */
    const isOfAll = (address: string) => !address.includes('{pipeline}')
    const holders = all.map((right) => [right, holding(all.filter((other) => other !== right))] as const)
    await known(holders.at(-1)![1])
    for (const [address, asked] of Object.entries(requests))
      for (const request of asked) {
        for (const [status, someone] of strangers) {
          const answer = await ask(someone, address, request)
          expect(answer.status, address).toBe(status === 403 && isOfAll(address) ? 200 : status)
          if (isOfAll(address)) expect(answer.text, address).not.toContain(PIPELINE)
        }
        for (const [right, someone] of holders)
          if (rights.get(right)!.includes(address)) {
            const { status, text } = await ask(someone, address, request)
            expect([status, JSON.parse(text)], `${address} without ${right}`).toMatchObject([
              403,
              { code: 'NOT_ALLOWED' },
            ])
          }
      }
    expect(await state()).toEqual(before)
  })

  it('does what a token with only that right for only that pipeline asks', async () => {
    const holders = new Map([...rights.keys()].map((right) => [right, holding([right], [PIPELINE])]))
    await known([...holders.values()].at(-1)!)
    const rightTo = (address: string) => [...rights].find(([, addresses]) => addresses.includes(address))![0]
    for (const [address, asked] of Object.entries(requests))
      for (const request of asked) {
        const { status, text } = await ask(holders.get(rightTo(address))!, address, request)
        expect(status, `${address}: ${text}`).toBeLessThan(300)
      }
    const { runs, production, object, checkpoints } = await state()
    expect(runs.length).toBe(5) // two existing ones; one started, one retried, one rerun
    expect(production).toMatchObject({ champion: { run: standing.runs[0] } })
    expect([object, checkpoints.includes('added')]).toEqual([true, true])
    for (const run of runs) expect((await client.ended(PIPELINE, run)).end?.status, run).toBe('completed')
  })
})
