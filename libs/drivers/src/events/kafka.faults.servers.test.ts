import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { CairnEvent, Subscription } from '@cairn/records'
import { Broker, hasBroker } from './kafka/broker.fixture.ts'
import { buses, committed, event, events, eventually, listener, newTopic } from './kafka/kafka.fixture.ts'
import type { KafkaBus } from './kafka.ts'

describe.skipIf(!hasBroker)('faults of Kafka (needs Java and the jars of tools/servers)', () => {
  let broker: Broker
  beforeAll(async () => void (broker = await Broker.start()))
  afterAll(() => broker?.close())
  const open = buses(() => [broker.address])

  const pause = (ms: number) => new Promise((later) => setTimeout(later, ms))

  /** Publishes until the returned function is called, which resolves with the ids of the acknowledged events. */
  const load = (bus: KafkaBus, topic: string) => {
    const acknowledged: string[] = []
    let isOn = true
    const going = (async () => {
      for (let start = 0; isOn; start += 20) {
        const sent = events(20, start)
        await bus.publish(topic, sent)
        acknowledged.push(...sent.map(({ id }) => id))
        await pause(20)
      }
    })()
    return async () => {
      isOn = false
      await going
      return acknowledged
    }
  }

  /** Publishes an event, with any number of attempts: on a busy machine, the broker may answer too late. */
  const publishSurely = async (bus: KafkaBus, topic: string, id: string) => {
    while (
      !(await bus.publish(topic, [event(id)]).then(
        () => true,
        () => false,
      ))
    );
  }

  /** Publishes events one by one, because on a busy machine a signal takes effect with a delay. */
  const publishUntilFailure = async (bus: KafkaBus, topic: string) => {
    const acknowledged: string[] = []
    for (;;) {
      const [next] = events(1, acknowledged.length) as [CairnEvent]
      const failure = await bus.publish(topic, [next]).catch((error: unknown) => error)
      if (failure !== undefined) return { acknowledged, failure }
      acknowledged.push(next.id)
    }
  }

  /** Checks that all events acknowledged before, during and after an outage are handled, and none is given up. */
  const outage = async (fail: () => Promise<void> | void, mend: () => Promise<void> | void) => {
    const bus = open({ requestTimeout: 1_000, sessionTimeout: 1_500, timeout: 60_000 })
    const topic = newTopic('outage')
    await bus.ensureTopics([topic])
    const { ids, receive, untilCount, untilAll } = listener()
    const poisoned: string[] = []
    await bus.subscribe(topic, { group: 'g', from: 'now', onPoison: ({ id }) => void poisoned.push(id) }, receive)
    const stop = load(bus, topic)
    await untilCount(200)
    await fail()
    await eventually(() => bus.status()).toMatchObject({
      subscriptions: [{ connected: false }],
      producers: [{ lastFailure: expect.any(String) }],
    })
    await mend()
    await untilCount(ids.length + 400)
    const acknowledged = await stop()
    await untilAll(acknowledged)
    expect(poisoned).toEqual([])
    await eventually(() => bus.status()).toMatchObject({
      subscriptions: [{ connected: true, lag: 0, deadLetters: 0, lastFailure: undefined }],
      producers: [{ waiting: 0, lastFailure: undefined }],
    })
    const committedCount = async () =>
      Object.values(await committed([broker.address], topic, 'g')).reduce((sum, at) => sum + at)
    await eventually(committedCount).toBeGreaterThanOrEqual(acknowledged.length)
  }

  it('continues after the broker was unresponsive for longer than the session timeout', async () => {
    await outage(
      () => broker.signal('SIGSTOP'),
      () => broker.signal('SIGCONT'),
    )
  })

  it('continues after the broker was killed and started again', async () => {
    await outage(
      () => broker.kill(),
      () => broker.start(),
    )
  })

  it('loses nothing after a send that failed although the broker received it', async () => {
    const bus = open({ requestTimeout: 500, timeout: 1_000, partitions: 1 })
    const topic = newTopic('late')
    await bus.ensureTopics([topic])
    await publishSurely(bus, topic, 'first')
    broker.signal('SIGSTOP')
    const { acknowledged, failure } = await publishUntilFailure(bus, topic)
    broker.signal('SIGCONT')
    const message = expect.stringMatching(`${topic}.*${broker.address}`)
    expect(failure).toMatchObject({ code: 'BUS_FAILED', message })
    await publishSurely(bus, topic, 'next')
    const { receive, untilAll } = listener()
    await bus.subscribe(topic, { group: 'g', from: 'beginning' }, receive)
    await untilAll(['first', ...acknowledged, 'next'])
  })

  it('takes over from a stopped member, and lets it rejoin', async () => {
    const topic = newTopic('zombie')
    const bus = open({ partitions: 1, sessionTimeout: 1_000 })
    await bus.ensureTopics([topic])
    const args = [fileURLToPath(new URL('./kafka/zombie.fixture.ts', import.meta.url)), broker.address, topic]
    const zombie = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    onTestFinished(() => void zombie.kill('SIGKILL'))
    const of = listener()
    createInterface(zombie.stdout).on('line', (id) => void of.receive(event(id)))
    await bus.publish(topic, events(10))
    await of.untilCount(10)
    const committedOffset = async () => (await committed([broker.address], topic, 'g'))[0]
    await eventually(committedOffset).toBe(1)

    zombie.kill('SIGSTOP')
    const { receive, untilCount, ids } = listener()
    const { close } = await bus.subscribe(topic, { group: 'g', from: 'beginning' }, receive)
    await untilCount(9)
    await close()
    expect(ids).toEqual(of.ids.slice(1))

    zombie.kill('SIGCONT')
    await bus.publish(topic, events(10, 10))
    await of.untilCount(20)
    expect(of.ids).toEqual(events(20).map(({ id }) => id))
    expect(await committedOffset()).toBe(10)
    zombie.stdin.end('let go')
    await eventually(committedOffset).toBe(20)
  })

  it('handles all acknowledged events while members join and leave', async () => {
    const topic = newTopic('churn')
    const bus = open()
    await bus.ensureTopics([topic])
    const { receive, untilAll, untilCount, ids } = listener()
    const join = () =>
      open().subscribe(topic, { group: 'g', from: 'now', concurrency: 20 }, async (received) => {
        await pause(Math.random() * 20)
        await receive(received)
      })
    const members: Subscription[] = [await join()]
    const stop = load(bus, topic)
    for (let changes = 0; changes < 8; changes++) {
      members.push(await join())
      await untilCount(ids.length + 50)
      await members.shift()!.close()
    }
    await untilAll(await stop())
  })
})
