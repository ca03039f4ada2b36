import kafkajs, { type Message } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { CairnError } from '@cairn/kernel'
import { newClient } from './client.ts'
import { buses, event, events, eventually, listener, newTopic } from './kafka.fixture.ts'
import { settingsOf } from './settings.ts'

const brokers = inject('servers')?.kafka.brokers

describe.skipIf(!brokers)('dead letters', () => {
  const open = buses(() => brokers!)
  const client = newClient(settingsOf({ brokers: brokers ?? [], clientId: 'foreign' }))
  const foreign = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
  const admin = client.admin()
  beforeAll(async () => void (await Promise.all([foreign.connect(), admin.connect()])))
  afterAll(async () => void (await Promise.all([foreign.disconnect(), admin.disconnect()])))

  const newDead = async (options: Parameters<typeof open>[0] = {}) => {
    const bus = open({ partitions: 1, ...options })
    const topic = newTopic()
    await bus.ensureTopics([topic])
    return { bus, topic }
  }

  it('contain an event that a handler keeps rejecting, with the group, the position and the error', async () => {
    const { bus, topic } = await newDead()
    const before = Date.now()
    const { receive, untilAll } = listener()
    await bus.subscribe(topic, { group: 'charts', from: 'now' }, async (received) => {
      if (received.id === 'e1') throw new CairnError('BAD_RECORD', 'no such run')
      await receive(received)
    })
    const sent = events(3).map((each) => ({ ...each, headers: { traceparent: '00-1-2-03' } }))
    await bus.publish(topic, sent)
    await untilAll(['e0', 'e2'])
    await eventually(() => bus.deadLetters(topic)).toEqual([
      {
        id: '0-1',
        group: 'charts',
        state: 'waiting',
        at: expect.any(Number),
        topic,
        error: { code: 'BAD_RECORD', message: 'no such run' },
        event: { id: 'e1', type: 'cairn.run-started', run: 'e1' },
        preview: undefined,
        place: [0, 0],
      },
    ])
    const [letter] = await bus.deadLetters(topic)
    expect(letter!.at).toBeGreaterThanOrEqual(before - 1_000)
    expect(bus.status().subscriptions[0]).toMatchObject({ deadLetters: 1, lag: 0 })
  })

  it('have topic, partition and offset in their key and headers, for consumers in any language', async () => {
    const { bus, topic } = await newDead()
    await bus.publish(topic, [event('bad')])
    await bus.subscribe(topic, { group: 'g', from: 'beginning' }, async () => Promise.reject(new Error('never')))
    await eventually(() => bus.status().subscriptions[0]!.deadLetters).toBe(1)

    const read = Promise.withResolvers<Message>()
    const consumer = client.consumer({ groupId: newTopic('reader') })
    await consumer.connect()
    await consumer.subscribe({ topics: [`${topic}.dead`], fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => read.resolve(message) })
    const { key, headers } = await read.promise
    await consumer.disconnect()
    expect(String(key)).toBe(`${topic}-0-0`)
    expect(Object.fromEntries(Object.entries(headers!).map(([name, value]) => [name, String(value)]))).toMatchObject({
      ce_id: 'bad',
      cairn_dead_group: 'g',
      cairn_dead_topic: topic,
      cairn_dead_partition: '0',
      cairn_dead_offset: '0',
      cairn_error_code: 'HANDLER_FAILED',
      cairn_error_message: 'never',
    })
  })

  it('contain messages that are not events; these do not stop the consumer', async () => {
    const { bus, topic } = await newDead()
    const { ids, receive, untilAll } = listener()
    await bus.subscribe(topic, { group: 'g', from: 'now' }, receive)
    const of = { cairn_env: 'test', cairn_pipeline: 'p', cairn_run: 'r' }
    const headers = {
      ce_specversion: '1.0',
      ce_id: 'x',
      ce_type: 'cairn.run-started',
      ce_source: '/x',
      ce_subject: 'x',
    }
    const whole = { ...of, ...headers, ce_time: new Date(0).toISOString(), ce_partitionkey: 'x' }
    const value = JSON.stringify({ env: 'test', pipeline: 'p', run: 'r' })
    const wrong: readonly [Message, message: string][] = [
      [{ value: 'neither headers nor JSON' }, 'not JSON'],
      [{ value, headers: { ...whole, ce_id: Buffer.from([0xff]) } }, 'header ce_id of the message is not valid UTF-8'],
      [{ value, headers: { ...whole, ce_id: ['x', 'y'] } }, '2 headers ce_id'],
      [{ value, headers: { ...whole, cairn_run: 'other' } }, 'header cairn_run'],
      [{ value: JSON.stringify({ env: 'test', pipeline: 'p', run: 'ä'.repeat(200) }), headers: whole }, 'run is "ää'],
      [{ value: null, key: null, headers: whole }, 'not JSON'],
      [{ value: '{"env":', headers: whole }, 'not JSON'],
      [{ value: '[]', headers: whole }, 'its data is not an object'],
      [{ value: '{"env":"test"}', headers: whole }, 'pipeline'],
      [{ value: '{"env":"test","pipeline":"p","run":"r","__proto__":{"a":1}}', headers: whole }, '__proto__'],
      [{ value, headers: { ...whole, ['__proto__']: 'x' } }, '__proto__'],
      [{ value, headers: { ...whole, ce_type: 'cairn.exploded' } }, 'cairn.exploded'],
      [{ value, headers: { ...whole, ce_specversion: '0.3' } }, '0.3'],
      [{ value: '['.repeat(100_000) + ']'.repeat(100_000), headers: whole }, ''],
      [{ value: 'x'.repeat(950_000), headers: whole }, 'not JSON'],
    ]
    for (const [message] of wrong) await foreign.send({ topic, messages: [message] })
    await foreign.send({ topic, messages: [{ value, headers: { ...whole, ce_id: 'right', constructor: 'x' } }] })
    await untilAll(['right'])
    await eventually(() => bus.status().subscriptions[0]).toMatchObject({ deadLetters: wrong.length, lag: 0 })
    const letters = (await bus.deadLetters(topic)).toSorted((a, b) => a.place[1] - b.place[1])
    expect(letters.map(({ error }) => error.message)).toEqual(
      wrong.map(([, message]) => expect.stringContaining(message)),
    )
    expect(letters.map(({ id }) => id)).toEqual(wrong.map((_, index) => `0-${index}`))
    expect(letters.filter((letter) => letter.event)).toEqual([])
    expect(letters[0]!.preview).toBe('neither headers nor JSON')
    expect(letters.at(-1)!.preview).toMatch(/^x{500}$/)
    expect(ids).toEqual(['right'])
    expect(bus.status().subscriptions[0]!.lastFailure).toBeUndefined()
  })

  it('contain events that the store refuses; an outage of the store blocks the partition and is reported', async () => {
    const { bus, topic } = await newDead()
    const { receive, untilAll } = listener()
    let isAway = true
    await bus.subscribe(topic, { group: 'g', from: 'now' }, async (received) => {
      if (received.id === 'e0') throw new CairnError('STORE_REFUSED', 'a name is too long')
      if (received.id === 'e1' && isAway) throw new CairnError('STORE_FAILED', 'the store is away')
      await receive(received)
    })
    await bus.publish(topic, events(3))
    await untilAll(['e2'])
    const standstill = { partition: 0, offset: 1, event: 'e1', since: expect.any(Number), reason: 'the store is away' }
    await eventually(() => bus.status().subscriptions[0]).toMatchObject({
      deadLetters: 1,
      lag: 2,
      standstills: [standstill],
    })
    const group = { id: `${topic}.g`, topic, members: 1 }
    await eventually(() => bus.groups([topic])).toEqual([{ ...group, lag: 2, standstills: [standstill] }])
    isAway = false
    await untilAll(['e1'])
    await eventually(() => bus.groups([topic])).toEqual([{ ...group, lag: 0, standstills: [] }])
    expect(bus.status().subscriptions[0]).toMatchObject({ deadLetters: 1, standstills: [] })
  })

  it('are stored without the message bytes if these are too large for the topic', async () => {
    const { bus, topic } = await newDead()
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: `${topic}.dead`,
          configEntries: [{ name: 'max.message.bytes', value: '20000' }],
        },
      ],
    })
    await bus.subscribe(topic, { group: 'g', from: 'now' }, async () => {})
    await foreign.send({ topic, messages: [{ value: 'x'.repeat(100_000) }] })
    await eventually(() => bus.status().subscriptions[0]).toMatchObject({ deadLetters: 1, lag: 0 })
    expect(await bus.deadLetters(topic)).toMatchObject([{ error: { code: 'NOT_JSON' }, preview: '' }])
  })

  it('are not lost while their topic does not exist', async () => {
    const topic = newTopic()
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
    const bus = open({ redeliverAfter: 1 })
    await bus.subscribe(topic, { group: 'g', from: 'beginning' }, async () => Promise.reject(new Error('never')))
    await bus.publish(topic, [event('bad')])
    await eventually(() => bus.status().subscriptions[0]!.lastFailure).toBeDefined()
    expect(bus.status().subscriptions[0]).toMatchObject({ lag: 1, deadLetters: 0 })
    await admin.createTopics({ topics: [{ topic: `${topic}.dead`, numPartitions: 1 }] })
    await eventually(() => bus.status().subscriptions[0]).toMatchObject({ lag: 0, deadLetters: 1 })
  })

  it('are listed newest first, including those that were added since the last listing', async () => {
    const { bus, topic } = await newDead()
    expect(await bus.deadLetters(topic)).toEqual([])
    await bus.publish(topic, events(4))
    const options = { group: 'g', from: 'beginning', concurrency: 1 } as const
    await bus.subscribe(topic, options, async () => Promise.reject(new Error('never')))
    await eventually(() => bus.status().subscriptions[0]!.deadLetters).toBe(4)
    const ids = async () => (await bus.deadLetters(topic)).map((letter) => letter.event!.id)
    expect(await ids()).toEqual(['e3', 'e2', 'e1', 'e0'])
    await bus.publish(topic, [event('e4')])
    await eventually(ids).toEqual(['e4', 'e3', 'e2', 'e1', 'e0'])
  })

  it('are listed without leaving a group behind', async () => {
    const { bus, topic } = await newDead()
    await foreign.send({ topic: `${topic}.dead`, messages: [{ value: 'x' }] })
    expect(await bus.deadLetters(topic)).toMatchObject([{ preview: 'x' }])
    const groups = async () => (await admin.listGroups()).groups.map(({ groupId }) => groupId)
    await eventually(async () => (await groups()).filter((id) => id.startsWith(topic))).toEqual([])
  })

  it('are replayed unchanged to the group that gave them up only; dropped ones are listed as dropped', async () => {
    const { bus, topic } = await newDead({ deliveries: 1 })
    const [{ receive, untilAll }, other] = [listener(), listener()]
    const received: unknown[] = []
    let isMended = false
    await bus.subscribe(topic, { group: 'g', from: 'now' }, async (each) => {
      received.push(each)
      if (!isMended) throw new Error('not yet')
      await receive(each)
    })
    await bus.subscribe(topic, { group: 'other', from: 'now' }, other.receive)
    await bus.listen(topic, (each) => void other.receive(each))
    const sent = event('late', { headers: { traceparent: '00-1-2-03' } })
    await bus.publish(topic, [sent, event('never', { partitionkey: 'late' })])
    const states = async () =>
      Object.fromEntries((await bus.deadLetters(topic)).map(({ event, state }) => [event!.id, state]))
    await eventually(states).toEqual({ late: 'waiting', never: 'waiting' })
    const [never, late] = (await bus.deadLetters(topic)).toSorted((a, b) => b.place[1] - a.place[1])
    const { message } = await bus.wholeLetter(late!)
    expect(JSON.parse(message.value!.toString())).toEqual(sent.data)
    isMended = true
    await bus.replay(late!)
    await bus.drop(never!)
    await untilAll(['late'])
    const { 0: first, 2: again } = received as [typeof sent, unknown, typeof sent]
    expect(first).toEqual(sent)
    expect(again).toEqual({ ...sent, headers: sent.headers })
    expect(await states()).toEqual({ late: 'replayed', never: 'dropped' })
    await bus.publish(topic, [event('after', { partitionkey: 'late' })])
    await other.untilCount(6)
    expect(other.ids.toSorted()).toEqual(['after', 'after', 'late', 'late', 'never', 'never'])
  })

  it('cannot be replayed if they contain no event', async () => {
    const { bus, topic } = await newDead()
    await foreign.send({ topic: `${topic}.dead`, messages: [{ value: 'x' }] })
    const [letter] = await bus.deadLetters(topic)
    await expect(bus.replay(letter!)).rejects.toMatchObject({ code: 'BAD_RECORD', next: expect.any(String) })
  })

  it('list messages of other producers in their topic by position, and these can be dropped', async () => {
    const { bus, topic } = await newDead()
    const elsewhere = { cairn_dead_topic: 'other', cairn_dead_group: 'g'.repeat(300) }
    const strays = [{}, elsewhere, { ...elsewhere, cairn_dead_partition: '../1', cairn_dead_offset: '-1' }]
    await foreign.send({ topic: `${topic}.dead`, messages: strays.map((headers) => ({ value: 'x', headers })) })
    const states = async () =>
      Object.fromEntries((await bus.deadLetters(topic)).map(({ id, state, group }) => [id, `${state} ${group}`]))
    expect(await states()).toEqual({
      'stray-0-0': 'waiting unknown',
      'stray-0-1': 'waiting unknown',
      'stray-0-2': 'waiting unknown',
    })
    const letters = await bus.deadLetters(topic)
    expect(letters.map((letter) => letter.topic)).toEqual([topic, topic, topic])
    const { message } = await bus.wholeLetter(letters[0]!)
    expect(message.value?.toString()).toBe('x')
    await expect(bus.replay(letters[0]!)).rejects.toMatchObject({ code: 'BAD_RECORD' })
    await bus.drop(letters.find(({ id }) => id === 'stray-0-1')!)
    expect(await states()).toMatchObject({ 'stray-0-0': 'waiting unknown', 'stray-0-1': 'dropped unknown' })
  })
})
