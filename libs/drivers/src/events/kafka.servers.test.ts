import { zstdCompressSync } from 'node:zlib'
import kafkajs from 'kafkajs'
import { describe, expect, inject, it } from 'vitest'
import type { CairnEvent } from '@cairn/records'
import { busSuite } from './bus.suite.ts'
import { newClient } from './kafka/client.ts'
import {
  buses,
  committed,
  event,
  events,
  eventually,
  listener,
  newTopic,
  withOwnTopics,
} from './kafka/kafka.fixture.ts'
import { groupIdOf } from './kafka/names.ts'
import { toMessage } from './kafka/message.ts'
import { settingsOf } from './kafka/settings.ts'

const { CompressionCodecs, CompressionTypes } = kafkajs

const brokers = inject('servers')?.kafka.brokers

describe.skipIf(!brokers)('Kafka', () => {
  const open = buses(() => brokers!)
  const committedBy = (topic: string, group: string) => committed(brokers!, topic, group)

  busSuite('Kafka', () => withOwnTopics(open()))

  /** A handler that resolves only after `open` is called. */
  const gate = () => {
    const { ids, receive, untilCount } = listener()
    const opened = Promise.withResolvers<void>()
    const handle = async (received: CairnEvent) => {
      await receive(received)
      await opened.promise
    }
    return { ids, handle, untilCount, open: opened.resolve }
  }

  it('handles several events of one partition at once', async () => {
    const bus = open({ partitions: 1 })
    const topic = newTopic()
    await bus.ensureTopics([topic])
    const { handle, untilCount, open: release } = gate()
    await bus.subscribe(topic, { group: 'g', from: 'now', concurrency: 5 }, handle)
    await bus.publish(topic, events(8))
    await untilCount(5)
    await eventually(() => bus.status().subscriptions[0]).toMatchObject({ inProgress: 5, waiting: 3, lag: 8 })
    release()
    await untilCount(8)
    await eventually(() => bus.status().subscriptions[0]).toMatchObject({ inProgress: 0, waiting: 0, lag: 0 })
  })

  it('counts the members of a group: 0 after its members left, or if it never existed', async () => {
    const bus = open()
    const topic = newTopic()
    await bus.ensureTopics([topic])
    const groups = ['here', 'never'].map((group) => groupIdOf(topic, group))
    const members = async () => {
      const found = await bus.members(groups)
      return groups.map((group) => found.get(group))
    }
    const first = await bus.subscribe(topic, { group: 'here', from: 'now' }, async () => {})
    await eventually(members).toEqual([1, 0])
    await first.close()
    await eventually(members).toEqual([0, 0])
  })

  it('commits handled events up to the first gap, and delivers the others again', async () => {
    const bus = open({ partitions: 1, closeTimeout: 100 })
    const topic = newTopic()
    await bus.ensureTopics([topic])
    const { receive, untilCount } = listener()
    await bus.subscribe(topic, { group: 'g', from: 'beginning' }, async (received) => {
      await receive(received)
      if (received.id === 'e3') await new Promise(() => {})
    })
    await bus.publish(topic, events(10))
    await untilCount(10)
    await bus.close()
    expect(await committedBy(topic, 'g')).toEqual({ 0: 3 })

    const again = listener()
    await open().subscribe(topic, { group: 'g', from: 'beginning' }, again.receive)
    await again.untilAll(['e9'])
    expect(again.ids).toEqual(['e3', 'e4', 'e5', 'e6', 'e7', 'e8', 'e9'])
    await eventually(() => committedBy(topic, 'g')).toEqual({ 0: 10 })
  })

  it('continues with a recreated topic, regardless of the offsets it had committed', async () => {
    const bus = open({ partitions: 2 })
    const topic = newTopic()
    await bus.ensureTopics([topic])
    const { ids, receive, untilCount } = listener()
    await bus.subscribe(topic, { group: 'g', from: 'beginning' }, receive)
    await bus.publish(topic, events(40))
    await untilCount(40)
    const admin = newClient(settingsOf({ brokers: brokers!, clientId: 'test' })).admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [topic] })
    await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: false })
    await admin.disconnect()
    const later = Array.from({ length: 6 }, (_, index) => event(`later-${index}`))
    await bus.publish(topic, later)
    await eventually(() => ids.filter((id) => id.startsWith('later')).sort()).toEqual(later.map(({ id }) => id))
    await eventually(() => bus.status().subscriptions[0]).toMatchObject({ inProgress: 0, waiting: 0, lag: 0 })
  }, 120_000)

  it('stays in its group while a handler takes longer than the session timeout', async () => {
    const sessionTimeout = 2_000
    const bus = open({ partitions: 1, sessionTimeout })
    const topic = newTopic()
    await bus.ensureTopics([topic])
    const { ids, receive, untilAll } = listener()
    let assignments = 0
    await bus.subscribe(
      topic,
      { group: 'g', from: 'now', onReassigned: () => void assignments++ },
      async (received) => {
        if (received.id === 'long') await new Promise((later) => setTimeout(later, sessionTimeout * 2.5))
        await receive(received)
      },
    )
    await bus.publish(topic, [event('long'), event('short')])
    await untilAll(['short', 'long'])
    expect(ids).toEqual(['short', 'long'])
    expect(assignments).toBe(1)
    expect(bus.status().subscriptions[0]).toMatchObject({ connected: true, lastFailure: undefined })
  })

  it('pauses a partition with enough events in progress, and resumes it later', async () => {
    const bus = open({ partitions: 1 })
    const topic = newTopic()
    await bus.ensureTopics([topic])
    const { ids, handle, untilCount, open: release } = gate()
    await bus.publish(topic, events(6_000))
    await bus.subscribe(topic, { group: 'g', from: 'beginning', concurrency: 10 }, handle)
    await eventually(() => bus.status().subscriptions[0]).toMatchObject({ paused: 1, inProgress: 10, lag: 6_000 })
    expect(bus.status().subscriptions[0]!.waiting).toBeLessThan(4_000)
    release()
    await untilCount(6_000)
    expect(ids).toEqual(events(6_000).map(({ id }) => id))
  })

  it('delivers an event in progress once if its partition is revoked and assigned again', async () => {
    const topic = newTopic()
    const bus = open()
    await bus.ensureTopics([topic])
    const kept = gate()
    await bus.subscribe(topic, { group: 'g', from: 'now' }, kept.handle)
    await bus.publish(topic, events(12))
    await kept.untilCount(12)
    const passing = open({ closeTimeout: 100 })
    await passing.subscribe(topic, { group: 'g', from: 'now' }, () => new Promise(() => {}))
    await eventually(() => bus.status().subscriptions[0]!.partitions.length).toBe(2)
    await passing.close()
    await eventually(() => bus.status().subscriptions[0]!.partitions.length).toBe(4)
    await bus.publish(topic, events(40, 12))
    await kept.untilCount(52)
    expect(new Set(kept.ids).size).toBe(52)
    kept.open()
  })

  it('commits nothing of a partition that was assigned to another member', async () => {
    const topic = newTopic()
    const [bus, other] = [open({ partitions: 2 }), open()]
    await bus.ensureTopics([topic])
    const [first, second] = [gate(), gate()]
    await bus.subscribe(topic, { group: 'g', from: 'now' }, first.handle)
    await bus.publish(topic, events(20))
    await first.untilCount(20)
    await other.subscribe(topic, { group: 'g', from: 'now' }, second.handle)
    await second.untilCount(1)
    const [mine] = bus.status().subscriptions[0]!.partitions
    const theirs = other.status().subscriptions[0]!.partitions[0]!
    first.open()
    await eventually(async () => (await committedBy(topic, 'g'))[mine!]).toBeGreaterThan(0)
    await bus.close()
    expect((await committedBy(topic, 'g'))[theirs]).toBe(0)
    second.open()
    await eventually(async () => Object.values(await committedBy(topic, 'g')).reduce((sum, at) => sum + at)).toBe(20)
  })

  it('remembers the position of a group that started from now and has handled nothing', async () => {
    const bus = open()
    const topic = newTopic()
    await bus.ensureTopics([topic])
    const { close } = await bus.subscribe(topic, { group: 'g', from: 'now' }, async () => {})
    await close()
    await bus.publish(topic, [event('meanwhile')])
    const { receive, untilAll } = listener()
    await bus.subscribe(topic, { group: 'g', from: 'now' }, receive)
    await untilAll(['meanwhile'])
  })

  it('closes after the timeout even if a handler never ends', async () => {
    const bus = open({ closeTimeout: 200 })
    const topic = newTopic()
    await bus.ensureTopics([topic])
    const { handle, untilCount } = gate()
    await bus.subscribe(topic, { group: 'g', from: 'now' }, handle)
    await bus.publish(topic, [event('endless')])
    await untilCount(1)
    await bus.close()
    await expect(bus.publish(topic, [event('late')])).rejects.toMatchObject({ code: 'BUS_FAILED' })
  })

  it('delivers all new events to each listener, and leaves no group behind', async () => {
    const bus = open()
    const topic = newTopic()
    await bus.ensureTopics([topic])
    await bus.publish(topic, events(5))
    const [first, second] = [listener(), listener()]
    const receiving = await bus.listen(topic, (received) => void first.receive(received))
    await bus.listen(topic, (received) => void second.receive(received))
    await bus.publish(topic, events(200, 5))
    await Promise.all([first.untilCount(200), second.untilCount(200)])
    expect(first.ids.sort()).toEqual(
      events(200, 5)
        .map(({ id }) => id)
        .sort(),
    )
    expect(bus.status().subscriptions).toMatchObject([{ connected: true }, { connected: true }])
    await receiving.close()
    await bus.publish(topic, [event('after')])
    await second.untilAll(['after'])
    expect(first.seen.has('after')).toBe(false)
    expect(await bus.groups([topic])).toEqual([])
  })

  it('names a missing topic and how to create it', async () => {
    const bus = open()
    const missing = { code: 'BUS_FAILED', message: expect.stringContaining('nowhere'), next: expect.any(String) }
    await expect(bus.subscribe('nowhere', { group: 'g', from: 'now' }, async () => {})).rejects.toMatchObject(missing)
    await expect(bus.publish('nowhere', [event('lost')])).rejects.toMatchObject(missing)
    await expect(bus.deadLetters('nowhere')).rejects.toMatchObject(missing)
  })

  it('fails after the timeout if no broker answers, and names the addresses', async () => {
    const bus = open({ brokers: ['127.0.0.1:1'], timeout: 500 })
    const failure = { code: 'BUS_FAILED', message: expect.stringContaining('127.0.0.1:1') }
    await Promise.all([
      expect(bus.probe()).rejects.toMatchObject(failure),
      expect(bus.publish('topic', [event('lost')])).rejects.toMatchObject(failure),
      expect(bus.subscribe('topic', { group: 'g', from: 'now' }, async () => {})).rejects.toMatchObject(failure),
      expect(bus.deadLetters('topic')).rejects.toMatchObject(failure),
    ])
  })

  it('receives compressed messages of other clients', async () => {
    const bus = open({ partitions: 1 })
    const topic = newTopic()
    await bus.ensureTopics([topic])
    const { receive, untilAll } = listener()
    await bus.subscribe(topic, { group: 'g', from: 'now' }, receive)
    CompressionCodecs[CompressionTypes.ZSTD] = () => ({
      compress: async ({ buffer }: { buffer: Buffer }) => zstdCompressSync(buffer),
      decompress: () => Promise.reject(new Error('not known here')),
    })
    const foreign = newClient(settingsOf({ brokers: brokers!, clientId: 'foreign' })).producer()
    await foreign.connect()
    await foreign.send({ topic, compression: CompressionTypes.ZSTD, messages: [toMessage(event('squeezed'))] })
    await foreign.disconnect()
    await untilAll(['squeezed'])
  })

  it('refuses an event that is too large, and sends the others', async () => {
    const bus = open({ partitions: 1, maxEventBytes: 10_000 })
    const topic = newTopic()
    await bus.ensureTopics([topic])
    const large = event('large', { subject: 'x'.repeat(10_000) })
    const [refused] = await Promise.allSettled([bus.publish(topic, [large]), bus.publish(topic, [event('small')])])
    expect(refused).toMatchObject({ reason: { code: 'BAD_OUTPUT', message: expect.stringContaining(topic) } })
    const { ids, receive, untilAll } = listener()
    await bus.subscribe(topic, { group: 'g', from: 'beginning' }, receive)
    await untilAll(['small'])
    expect(ids).toEqual(['small'])
  })
})
