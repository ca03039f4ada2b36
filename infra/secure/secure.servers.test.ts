import { createPrivateKey, randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { consumer } from '@cairn/consumer'
import { inProcess } from '@cairn/drivers/compute'
import { openConnection, type Connected, type Connection } from '@cairn/drivers/connection'
import { newSigningKey, publicKeyOf } from '@cairn/drivers/identity'
import { findProject, planRun, stepsOf, Workspace, type LoadedPipeline } from '@cairn/workspace'
import {
  controlTopicOf,
  layout,
  readRecord,
  runEvent,
  signedPlan,
  systemClock,
  topicOf,
  type CairnEvent,
  type Plan,
  type RunEnd,
} from '@cairn/records'
import { Engine, submit } from '@cairn/engine'
import { evaluateClassifier, penguins } from '@cairn/pipelines/penguins/pipeline'
import { KAFKA } from '@cairn/tools/servers/kafka'
import { isAtHand } from '@cairn/tools/servers/needed.fixture'
import { install } from '@cairn/tools/servers/programs'
import { lackingTools } from '@cairn/tools/servers/servers'
import { secureBroker } from './broker.fixture.ts'
import { grantAcls } from './grant.ts'
import { joins } from './joins.fixture.ts'
import { grantPolicies } from './minio.ts'
import { ADMIN, usersOf } from './users.ts'

const servers = inject('servers')
const project = { ...findProject(import.meta.dirname), env: `secure-${randomUUID().slice(0, 8)}` }
const { env } = project
const BUCKET = env
const PIPELINES: readonly LoadedPipeline[] = [
  { pipeline: penguins, file: join(project.root, 'libs/pipelines/src/penguins/pipeline.ts') },
  { pipeline: joins, file: join(import.meta.dirname, 'joins.fixture.ts') },
]
const consumers = [{ name: 'notify', pipeline: penguins }]
const pipelines = PIPELINES.map(({ pipeline }) => pipeline)
const users = usersOf({ bucket: BUCKET, env, pipelines, consumers })
/** The name that control signs plans with. */
const signer = { name: 'control', key: createPrivateKey(newSigningKey()) }
const plansBy = { control: publicKeyOf(signer) }
/** MinIO's users belong to the server, which other tests share. */
const minioNameOf = (user: string) => `${env}.${user}`

describe.runIf(servers && isAtHand(lackingTools()))('an environment with authenticated services', () => {
  const passwords = Object.fromEntries([ADMIN, ...users.map(({ name }) => name)].map((name) => [name, secret()]))
  const open: Connected[] = []
  let folder: string
  let broker: Awaited<ReturnType<typeof secureBroker>>

  const connectionOf = (user: string): Connection => {
    const isAdmin = user === ADMIN
    return {
      env,
      kafka: broker.connectionOf(user),
      s3: {
        endpoint: servers!.s3.endpoint,
        bucket: BUCKET,
        accessKey: isAdmin ? servers!.s3.accessKey : minioNameOf(user),
        secretKey: isAdmin ? servers!.s3.secretKey : passwords[user]!,
      },
    }
  }
  const connect = async (connection: Connection, name: string): Promise<Connected> => {
    const connected = await openConnection(connection, { clientId: name, cache: join(folder, 'cache', name) })
    open.push(connected)
    return connected
  }
  const connectAs = (user: string) => connect(connectionOf(user), user)

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cairn-secure-'))
    await install(KAFKA, (line) => console.error(line))
    broker = await secureBroker(join(folder, 'kafka'), passwords)
    const { store, bus } = await connectAs(ADMIN)
    await store.ensureBucket()
    await store.probe()
    await bus.ensureTopics([controlTopicOf({ env }), ...pipelines.map(({ name }) => topicOf({ env, pipeline: name }))])
    await grantAcls(
      broker.connectionOf(ADMIN),
      users.flatMap(({ acls }) => acls),
    )
    await grantPolicies(
      servers!.s3,
      users.map(({ name, policy }) => ({ name: minioNameOf(name), policy })),
      (name) => passwords[name.slice(minioNameOf('').length)]!,
    )
  })
  afterAll(async () => {
    await Promise.all(open.map(({ close }) => close()))
    await broker?.stop()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  /** A stage for each step, each with its own name and password; and their run. */
  const runWith = async (loaded: LoadedPipeline): Promise<Plan> => {
    const { pipeline } = loaded
    const topic = topicOf({ env, pipeline: pipeline.name })
    const scratch = mkdtempSync(join(folder, 'scratch-'))
    const refused: string[] = []
    for (const step of stepsOf(pipeline).keys()) {
      const name = `${pipeline.name}.${step}`
      const { store, bus } = await connectAs(name)
      await store.probe()
      await bus.ensureTopics([topic, controlTopicOf({ env })])
      const compute = inProcess({
        root: project.root,
        scratch: () => scratch,
        secrets: () => undefined,
        remember: (_, make) => make(),
        live: new Map(),
      })
      const engine = new Engine({
        store,
        bus,
        clock: systemClock,
        compute,
        name,
        hasSuccessor: true,
        steps: new Set([step]),
        planSigners: plansBy,
      })
      const onPoison = (event: CairnEvent, error: unknown) => refused.push(`${step} ${event.id}: ${String(error)}`)
      const options = { group: step, from: 'beginning', onPoison } as const
      await bus.subscribe(topic, options, (event) => engine.handle(event))
      await bus.listen(controlTopicOf({ env }), () => {})
    }
    const { store, bus } = await connectAs('control')
    const ended = Promise.withResolvers<void>()
    await bus.subscribe(topic, { group: 'follower', from: 'now' }, async ({ type }) => {
      if (type === 'cairn.run-ended') ended.resolve()
    })
    const workspace = new Workspace({ ...project, store: join(folder, 'project') }, store)
    const { plan } = await planRun(workspace, loaded)
    await submit({ store, bus, clock: systemClock }, signedPlan(plan, signer))
    await ended.promise
    expect(refused).toEqual([])
    return plan
  }

  it.each(PIPELINES)('runs $pipeline.name with minimal rights for each stage', async (loaded) => {
    const { run, pipeline } = await runWith(loaded)
    const { store } = await connectAs('control')
    const end = await readRecord<RunEnd>(store, layout(env, pipeline).runEnd(run))
    expect(end?.status).toBe('completed')
  })

  it('lets a consumer read the results of its pipeline', async () => {
    const { store, bus } = await connectAs('notify')
    const told = Promise.withResolvers<number>()
    const notify = consumer({ env, bus, store }, { group: 'notify', from: 'beginning' })
    await notify.subscribe(penguins, evaluateClassifier, async (done) => {
      const { metrics } = await done.outputs('metrics')
      told.resolve(metrics.accuracy)
    })
    expect(await told.promise).toBeGreaterThan(0.9)
    await notify.close()
  })

  const mine = layout(env, 'penguins')
  const other = layout(env, 'joins')
  const bytes = Buffer.from('{"v":1}')
  const DENIED = expect.objectContaining({ message: expect.stringMatching(/AccessDenied/) })

  describe('in MinIO, a stage', () => {
    const stage = () => connectAs('penguins.train-classifier')

    it('writes the outputs of its step', async () => {
      const { store } = await stage()
      const digest = '0'.repeat(64)
      await store.put(mine.object(digest.replace(/^0/, '1')), bytes).catch(() => {}) // with other bytes, but authorized
      for (const path of [
        mine.checkpoint('train-classifier', 'key'),
        mine.end('run', 'train-classifier'),
        mine.end('run', 'train-classifier/3'),
        mine.attempt('run', 'train-classifier', 12),
        mine.attempt('run', 'train-classifier/3', 1),
        mine.lease('key'),
        mine.runEnd('run'),
      ])
        expect(await store.create(path, bytes), path).toBe(true)
      await store.remove(mine.lease('key'))
    })

    it.each([
      ["another step's checkpoint", mine.checkpoint('split-penguins', 'key')],
      ['the end of another node', mine.end('run', 'split-penguins')],
      ['the end of a batch of another node', mine.end('run', 'split-penguins/1')],
      ['the end of a node whose name begins like its own', mine.end('run', 'train-classifier-2')],
      ['an attempt of another node', mine.attempt('run', 'split-penguins', 1)],
      ['an attempt of a node whose name begins like its own', mine.attempt('run', 'train-classifier-2', 1)],
      ['a plan', mine.plan('run')],
      ['code', mine.code({ fingerprint: 'fingerprint', digest: 'digest' })],
      ['a pointer', mine.ref('production')],
      ["another pipeline's object", other.object('0'.repeat(64))],
      ["another pipeline's end of a run", other.runEnd('run')],
      ['what lies outside of all', 'elsewhere'],
    ])('cannot write %s', async (_, path) => {
      const { store } = await stage()
      await expect(store.create(path, bytes)).rejects.toEqual(DENIED)
    })

    it('cannot remove records', async () => {
      const { store } = await stage()
      await store.create(mine.end('kept', 'train-classifier'), bytes)
      for (const path of [mine.end('kept', 'train-classifier'), mine.plan('kept'), mine.object('0'.repeat(64))])
        await expect(store.remove(path), path).rejects.toEqual(DENIED)
    })

    it('cannot read or list another pipeline', async () => {
      const { store } = await stage()
      const admin = await connectAs(ADMIN)
      await admin.store.create(other.ref('there'), bytes)
      await expect(store.read(other.ref('there'))).rejects.toEqual(DENIED)
      await expect(store.fetch(other.ref('there'))).rejects.toEqual(DENIED)
      await expect(store.children(other.runs)).rejects.toEqual(DENIED)
      await expect(store.children(`${env}/`)).rejects.toEqual(DENIED)
    })
  })

  it('lets each user write its own records, and no others, in every folder', async () => {
    const run = `tried-${randomUUID().slice(0, 8)}`
    const code = { fingerprint: 'f', digest: 'd' }
    const steps = [...stepsOf(penguins).keys()]
    /** Every path of the layout, with the users that may write there besides control. */
    const places: (readonly [path: string, writers: readonly string[]])[] = [
      ...[mine.plan(run), mine.holder(run), mine.code(code), mine.manifest(code), mine.ref(run)].map(byControl),
      ...[mine.submission(run), mine.trash(run), mine.quarantine(run), 'elsewhere/x', other.plan(run)].map(byControl),
      [mine.lease(run), steps],
      [mine.runEnd(run), steps],
      [mine.object('0'.repeat(64)), steps],
      ...steps.flatMap((step) =>
        [
          mine.checkpoint(step, run),
          mine.end(run, step),
          mine.end(run, `${step}/0`),
          mine.attempt(run, step, 1),
          mine.log(run, step, 1, 0),
          mine.unfit(run, step, 'a'.repeat(64)),
        ].map((path) => [path, [step]] as const),
      ),
    ]
    const tried = [...steps.map((step) => `penguins.${step}`), 'notify']
    for (const user of tried) {
      const { store } = await connectAs(user)
      const outcomes = await Promise.all(
        places.map(async ([path, writers]) => {
          const isAllowed = writers.some((step) => user === `penguins.${step}`)
          const denied = await store.create(path, bytes).then(
            () => false,
            (error: Error) => error.message.includes('AccessDenied'),
          )
          return denied === isAllowed ? [`${user} ${isAllowed ? 'may not' : 'may'} write ${path}`] : []
        }),
      )
      expect(outcomes.flat()).toEqual([])
    }
    const { store: ofControl } = await connectAs('control')
    for (const [path] of places.filter(([path]) => path.startsWith(`${env}/`)))
      await expect(ofControl.create(`${path}-by-control`, bytes), path).resolves.toBe(true)

    function byControl(path: string) {
      return [path, []] as const
    }
  })

  it('lets each user read and write its own topics, and no others', async () => {
    const topics = [
      topicOf({ env, pipeline: 'penguins' }),
      topicOf({ env, pipeline: 'joins' }),
      controlTopicOf({ env }),
    ]
    const [first] = stepsOf(penguins).keys()
    const may: Readonly<Record<string, readonly boolean[]>> = {
      control: [true, true, true],
      [`penguins.${first}`]: [true, false, false],
      notify: [false, false, false],
    }
    for (const [user, expected] of Object.entries(may)) {
      const { bus } = await connectAs(user)
      const told = topics.map((topic) => {
        const pipeline = topic.split('.').at(-1) === 'joins' ? 'joins' : 'penguins'
        const event = runEvent({ env, pipeline, run: 'tried' } as Plan, 'run-ended', 0)
        return bus.publish(topic, [event]).then(
          () => true,
          (error: Error) => (/uthoriz|may not be seen/.test(error.message) ? false : String(error)),
        )
      })
      expect([user, await Promise.all(told)]).toEqual([user, expected])
    }
  })

  it('runs only plans that control has signed', async () => {
    const { store, bus } = await connectAs('control')
    const workspace = new Workspace({ ...project, store: join(folder, 'project') }, store)
    const { plan } = await planRun(workspace, PIPELINES[0]!)
    const someone = { name: 'control', key: createPrivateKey(newSigningKey()) }
    await submit({ store, bus, clock: systemClock }, signedPlan(plan, someone))
    const { store: own, bus: received } = await connectAs('penguins.train-classifier')
    const compute = { run: () => expect.unreachable('it ran') }
    const engine = new Engine({
      store: own,
      bus: received,
      clock: systemClock,
      compute,
      name: 'one',
      hasSuccessor: true,
      planSigners: plansBy,
    })
    await expect(engine.handle(runEvent(plan, 'run-started', plan.createdAt))).rejects.toMatchObject({
      code: 'REFUSED',
    })
    engine.stop()
  })

  it('has a consumer of MinIO that writes nothing', async () => {
    const { store } = await connectAs('notify')
    await expect(store.create(mine.end('run', 'evaluate-classifier'), bytes)).rejects.toEqual(DENIED)
    await expect(store.read(other.ref('there'))).rejects.toEqual(DENIED)
  })

  it.each([
    ['a password that is wrong', { secretKey: 'wrong-wrong' }, /SignatureDoesNotMatch/],
    ['a name that is not known', { accessKey: 'nobody' }, /InvalidAccessKeyId/],
  ])('has a MinIO that refuses %s', async (_, wrong, reason) => {
    const { s3, ...connection } = connectionOf('control')
    const { store } = await connect({ ...connection, s3: { ...s3, ...wrong } }, 'wrong')
    await expect(store.read('store.json')).rejects.toThrow(reason)
  })

  it('has a MinIO that refuses anonymous users', async () => {
    const { status } = await fetch(`${servers!.s3.endpoint}/${BUCKET}/store.json`)
    expect(status).toBe(403)
  })

  describe('in Kafka, a stage', () => {
    const stage = () => connectAs('penguins.train-classifier')
    const [topic, foreign] = [topicOf({ env, pipeline: 'penguins' }), topicOf({ env, pipeline: 'joins' })]
    const receive = async () => {}
    const event = (pipeline: string) => runEvent({ env, pipeline, run: 'forged' } as Plan, 'run-cancelled', 0)

    it('cannot read the events of another pipeline', async () => {
      const { bus } = await stage()
      const group = 'train-classifier'
      await expect(bus.subscribe(foreign, { group, from: 'now' }, receive)).rejects.toThrow('or access is denied')
    })

    it('cannot send events to another pipeline, nor cancel any run', async () => {
      const { bus } = await stage()
      await expect(bus.publish(foreign, [event('joins')])).rejects.toThrow(/uthoriz/)
      await expect(bus.publish(controlTopicOf({ env }), [event('joins')])).rejects.toThrow(/uthoriz/)
    })

    it("cannot take another stage's events", async () => {
      const { bus } = await stage()
      const group = 'evaluate-classifier'
      // The client hides that it is not authorized to look up the group.
      await expect(bus.subscribe(topic, { group, from: 'now' }, receive)).rejects.toThrow('find group coordinator')
      await bus.subscribe(topic, { group: 'train-classifier', from: 'now' }, receive)
    })

    it('cannot create topics', async () => {
      const { bus } = await stage()
      await expect(bus.ensureTopics([topicOf({ env, pipeline: 'new' })])).rejects.toThrow(/uthoriz/)
    })
  })

  it.concurrent.each([
    ['speaks without TLS', () => ({ brokers: [broker.address] })],
    ['does not trust its certificate', () => ({ ...broker.connectionOf('control'), tls: {} })],
    ['gives no name', () => ({ brokers: [broker.address], tls: broker.tls })],
    ['gives a wrong password', () => ({ ...broker.connectionOf('control'), password: 'wrong' })],
    ['gives a name that is not known', () => ({ ...broker.connectionOf('control'), username: 'nobody' })],
  ])('has a Kafka that refuses a client that %s', async (_, kafka) => {
    const { bus } = await connect({ ...connectionOf(ADMIN), kafka: kafka() }, 'stranger')
    await expect(bus.probe()).rejects.toThrow('no broker answers')
  })
})

function secret(): string {
  return randomBytes(24).toString('base64url')
}
