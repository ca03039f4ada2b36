import { randomUUID } from 'node:crypto'
import { Client } from 'minio'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import type { Connected } from '@cairn/drivers/connection'
import { deadLettersOf, groupIdOf } from '@cairn/drivers/events/kafka'
import { stepsOf } from '@cairn/workspace'
import { controlTopicOf, topicOf } from '@cairn/records'
import { penguins } from '@cairn/pipelines/penguins/pipeline'
import { isAtHand } from '@cairn/tools/servers/needed.fixture'
import { lackingTools } from '@cairn/tools/servers/servers'
import { controlAcls } from './acls.ts'
import { BrokerDoor, GROUP_ACTIONS, isLetIn, TOPIC_ACTIONS, TOPIC_ACTIONS_OF_NONE } from './broker-door.fixture.ts'
import { Granted } from './granted.fixture.ts'
import { joins } from './joins.fixture.ts'
import { grantPolicies } from './minio.ts'
import { placesOf, placesOfBucket, type StorePlace } from './places.fixture.ts'
import { controlPolicy } from './policies.ts'
import { rightsIn, type Holder } from './rights.fixture.ts'
import { ADMIN, usersOf } from './users.ts'

const servers = inject('servers')
/** In milliseconds. */
const WAIT = { timeout: 60_000, interval: 100 }
const env = `doors-${randomUUID().slice(0, 8)}`
/** Another environment, whose name starts with the name of the first. */
const elsewhere = `${env}-2`
const bucket = env
const pipelines = [penguins, joins]
const consumers = [
  { name: 'notify', pipeline: penguins },
  { name: 'audit', pipeline: penguins },
  { name: 'watch', pipeline: joins },
]
const steps = [...stepsOf(penguins).keys()]

interface Who {
  readonly user: string
  readonly kind: 'stage' | 'consumer' | 'control'
  readonly env: string
  readonly pipeline?: string
  /** The step, or the consumer. */
  readonly name?: string
}
const everyone: readonly Who[] = [
  ...pipelines.flatMap((pipeline) =>
    [...stepsOf(pipeline).keys()].map((name): Who => ({
      user: `${pipeline.name}.${name}`,
      kind: 'stage',
      env,
      pipeline: pipeline.name,
      name,
    })),
  ),
  ...consumers.map(({ name, pipeline }): Who => ({ user: name, kind: 'consumer', env, pipeline: pipeline.name, name })),
  { user: 'control-elsewhere', kind: 'control', env: elsewhere },
  { user: 'control', kind: 'control', env }, // last, as it may remove what the others are tested on
]
const users = [
  ...usersOf({ bucket, env, pipelines, consumers }),
  {
    name: 'control-elsewhere',
    policy: controlPolicy({ bucket, env: elsewhere }),
    acls: controlAcls('control-elsewhere', elsewhere),
  },
]

interface TopicDoor extends Owned {
  readonly row: string
  readonly topic: string
}

/** The owner of something: a missing field means all. */
interface Owned {
  readonly env?: string
  readonly pipeline?: string
  /** The step or consumer in its name. */
  readonly named?: string
}
function holderOf(who: Who, of: Owned): Holder {
  if (of.env !== undefined && of.env !== who.env) return 'others'
  if (who.kind === 'control') return 'control'
  if (of.pipeline !== undefined && of.pipeline !== who.pipeline) return 'others'
  if (of.named !== undefined && of.named === who.name) return 'named service'
  return who.kind === 'stage' ? 'stages' : 'consumers'
}

describe.runIf(servers && isAtHand(lackingTools()))('every user of the secure overlay, on every interface', () => {
  let granted: Granted

  beforeAll(async () => {
    granted = await Granted.open({ s3: servers!.s3, env, bucket, users, pipelines: pipelines.map(({ name }) => name) })
  })
  afterAll(() => granted?.close())

  it('are complete', () => {
    expect(everyone.map(({ user }) => user).sort()).toEqual(users.map(({ name }) => name).sort())
  })

  describe('on the store', () => {
    const ACTIONS = ['read', 'list', 'write', 'remove'] as const
    const places = [
      ...placesOf(env, 'penguins', steps),
      ...placesOf(elsewhere, 'penguins', steps.slice(0, 1)),
      ...placesOfBucket,
    ]
    const bytes = Buffer.from('{"v":1}')
    const stores = new Map<string, Connected['store']>()
    let admin: Connected['store']

    beforeAll(async () => {
      for (const { user } of everyone) stores.set(user, (await granted.connectAs(user)).store)
      admin = (await granted.connectAs(ADMIN)).store
      await Promise.all(places.map((place) => admin.create(place.path('seed'), bytes)))
    })

    /** The operations that a user is allowed at a place; each of them must work. */
    const tried = async (who: Who, place: StorePlace): Promise<string[]> => {
      const store = stores.get(who.user)!
      const [seed, own, doomed] = ['seed', who.user, `doomed-${who.user}`].map(place.path) as [string, string, string]
      const standing = (await admin.read(seed))!
      const folder = seed.slice(0, seed.lastIndexOf('/') + 1)
      await admin.create(doomed, bytes)
      const works: Readonly<Record<(typeof ACTIONS)[number], () => Promise<boolean>>> = {
        read: async () => Buffer.compare((await store.read(seed))!, standing) === 0,
        list: async () => (await store.children(folder)).includes(seed.slice(folder.length)),
        // A single path of a kind is written as it is.
        write: () => (own === seed ? store.replace(seed, standing, standing) : store.create(own, bytes)),
        remove: async () => {
          await store.remove(doomed)
          return (await admin.stat(doomed)) === undefined
        },
      }
      const allowed: string[] = []
      for (const action of ACTIONS) {
        const worked = await works[action]().catch((error: Error) => {
          if (error.message.includes('AccessDenied')) return undefined
          throw error
        })
        if (worked === false) throw new Error(`${who.user} was let ${action} ${seed}, to no effect`)
        if (worked) allowed.push(action)
      }
      if ((await admin.stat(seed)) === undefined) await admin.create(seed, standing)
      if (doomed !== seed) await admin.remove(doomed)
      return allowed
    }

    it('may do what docs/security.md says, and nothing else', async () => {
      const rights = rightsIn('place in the store', ACTIONS)
      expect([...new Set(places.map(({ row }) => row))].sort()).toEqual([...rights.keys()].sort())
      const wrong: string[] = []
      for (const who of everyone)
        await Promise.all(
          places.map(async (place) => {
            const { step, ...of } = place
            const holder = holderOf(who, { ...of, ...(step !== undefined && { named: step }) })
            const may = ACTIONS.filter((action) => rights.get(place.row)![holder].has(action))
            const can = await tried(who, place)
            if (can.join() !== may.join())
              wrong.push(`${who.user} (${holder}) at ${place.path('…')}: may ${may.join()}, and can ${can.join()}`)
          }),
        )
      expect(wrong).toEqual([])
      for (const place of places) expect(await admin.read(place.path('seed')), place.row).toBeDefined()
    })

    it('refuses anonymous users', async () => {
      const address = (path: string) => `${servers!.s3.endpoint}/${bucket}/${path}`
      for (const place of places)
        for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
          const { status } = await fetch(address(place.path('seed')), {
            method,
            ...(method === 'PUT' && { body: 'x' }),
          })
          expect(status, `${method} ${place.row}`).toBe(403)
        }
      expect((await fetch(address('?list-type=2'))).status).toBe(403)
    })

    it('lets only the administrator list everything, change the bucket, tag objects, and grant rights', async () => {
      const { endpoint } = servers!.s3
      const { hostname, port } = new URL(endpoint)
      for (const { user } of everyone) {
        const { accessKey, secretKey } = granted.connectionOf(user).s3
        const keys = { accessKey, secretKey }
        const client = new Client({
          endPoint: hostname,
          port: Number(port),
          useSSL: false,
          region: 'us-east-1',
          ...keys,
        })
        const store = stores.get(user)!
        const seed = places[0]!.path('seed')
        const attempts: Readonly<Record<string, () => Promise<unknown>>> = {
          'list all': () => Array.fromAsync(store.list('')),
          'make a bucket': () => client.makeBucket(`${env}-${randomUUID().slice(0, 8)}`),
          'remove the bucket': () => client.removeBucket(bucket),
          'read its policy': () => client.getBucketPolicy(bucket),
          'open it to all': () => client.setBucketPolicy(bucket, '{"Version":"2012-10-17","Statement":[]}'),
          'keep versions': () => client.setBucketVersioning(bucket, { Status: 'Suspended' }),
          'mark an object': () => client.setObjectTagging(bucket, seed, { a: 'b' }),
          'say who may do what': () =>
            grantPolicies({ endpoint, ...keys }, [{ name: `${env}.new`, policy: users[0]!.policy }], () => secretKey),
        }
        for (const [what, attempt] of Object.entries(attempts))
          await expect(attempt(), `${user}: ${what}`).rejects.toThrow(/denied|not allowed|authorized/i)
      }
    })
  })

  describe('on Kafka', () => {
    const topics = [env, elsewhere].flatMap((name): TopicDoor[] => {
      const [of, about] = [topicOf({ env: name, pipeline: 'penguins' }), controlTopicOf({ env: name })]
      return [
        { row: 'cairn.<env>.<pipeline>', topic: of, env: name, pipeline: 'penguins' },
        { row: 'cairn.<env>.<pipeline>.dead', topic: deadLettersOf(of), env: name, pipeline: 'penguins' },
        { row: 'cairn.<env>.control', topic: about, env: name },
        { row: 'cairn.<env>.control.dead', topic: deadLettersOf(about), env: name },
      ]
    })
    const anything = { row: 'anything else', topic: `${env}-elsewhere` }
    const all: readonly TopicDoor[] = [...topics, anything]
    const groups = [env, elsewhere].flatMap((name): (TopicDoor & { readonly id: string })[] => {
      const topic = topicOf({ env: name, pipeline: 'penguins' })
      const of = { env: name, pipeline: 'penguins', topic }
      return [
        ...steps.map((step) => ({ ...of, row: '<topic>.<step>', named: step, id: groupIdOf(topic, step) })),
        ...['notify', 'audit'].map((one) => ({
          ...of,
          row: '<topic>.<consumer>.<name>',
          named: one,
          id: groupIdOf(topic, `${one}.train-classifier.completed`),
        })),
      ]
    })
    const anyGroup = { row: 'anything else', id: `${env}-group`, topic: topicOf({ env, pipeline: 'penguins' }) }
    const allGroups = [...groups, anyGroup]

    beforeAll(async () => {
      const { bus } = await granted.connectAs(ADMIN)
      await bus.ensureTopics([
        topicOf({ env: elsewhere, pipeline: 'penguins' }),
        controlTopicOf({ env: elsewhere }),
        anything.topic,
      ])
      const door = await BrokerDoor.open(granted.broker.connectionOf(ADMIN))
      for (const { topic } of all) await vi.waitFor(() => door.topic(topic).write(), WAIT)
      await vi.waitFor(() => door.prepareGroups(), WAIT)
      for (const { id, topic } of allGroups)
        await vi.waitFor(async () => {
          if (!(await isLetIn(door.group(id, topic).commit))) throw new Error(`${id} does not take offsets of ${topic}`)
        }, WAIT)
      await door.close()
    })

    it('may read, write, describe and create the topics of docs/security.md, sees no others, and changes none', async () => {
      const rights = rightsIn('topic', TOPIC_ACTIONS)
      expect([...new Set(all.map(({ row }) => row))].sort()).toEqual([...rights.keys()].sort())
      const wrong: string[] = []
      for (const who of everyone) {
        const door = await BrokerDoor.open(granted.broker.connectionOf(who.user))
        const shown = await door.topics()
        for (const { row, topic, ...of } of all) {
          const holder = holderOf(who, of)
          const mayBe = rights.get(row)![holder]
          const can: string[] = []
          for (const action of [...TOPIC_ACTIONS, ...TOPIC_ACTIONS_OF_NONE])
            if (await isLetIn(door.topic(topic)[action])) can.push(action)
          const may = TOPIC_ACTIONS.filter((action) => mayBe.has(action))
          if (can.join() !== may.join() || shown.includes(topic) !== mayBe.has('describe'))
            wrong.push(`${who.user} (${holder}) at ${topic}: may ${may.join()}, and can ${can.join()}`)
        }
        await door.close()
      }
      expect(wrong).toEqual([])
    })

    it('may join the groups of docs/security.md, and no others', async () => {
      const rights = rightsIn('group', GROUP_ACTIONS)
      expect([...new Set(allGroups.map(({ row }) => row))].sort()).toEqual([...rights.keys()].sort())
      const wrong: string[] = []
      for (const who of everyone) {
        const door = await BrokerDoor.open(granted.broker.connectionOf(who.user))
        for (const { row, id, topic, ...of } of allGroups) {
          const holder = holderOf(who, of)
          const may = GROUP_ACTIONS.filter((action) => rights.get(row)![holder].has(action))
          const can: string[] = []
          for (const action of GROUP_ACTIONS) if (await isLetIn(door.group(id, topic)[action])) can.push(action)
          if (can.join() !== may.join())
            wrong.push(`${who.user} (${holder}) in ${id}: may ${may.join()}, and can ${can.join()}`)
        }
        await door.close()
      }
      expect(wrong).toEqual([])
    })

    it('neither sees nor grants rights, and starts no transaction', async () => {
      for (const { user } of everyone) {
        const door = await BrokerDoor.open(granted.broker.connectionOf(user))
        for (const [what, attempt] of Object.entries(door.cluster))
          expect(await isLetIn(attempt), `${user}: ${what}`).toBe(false)
        await door.close()
      }
    })
  })
})
