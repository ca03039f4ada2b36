import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CairnError, type Subscription } from '@cairn/kernel/runtime'
import { Broker, hasBroker } from './kafka/broker.fixture.ts'
import { buses, event, events, listener, newTopic } from './kafka/kafka.fixture.ts'

describe.skipIf(!hasBroker)('Kafka, when things go wrong (needs Java and the jars of tools/servers)', () => {
  let broker: Broker
  beforeAll(async () => void (broker = await Broker.start()), 60_000)
  afterAll(() => broker?.close())
  const open = buses(() => [broker.address])

  /** Publishes without a pause until told to stop; gives the ids of what was acknowledged. */
  const load = (publish: (ids: ReturnType<typeof events>) => Promise<void>) => {
    const acknowledged: string[] = []
    const refused: unknown[] = []
    let isOn = true
    const going = (async () => {
      for (let start = 0; isOn; start += 20) {
        const sent = events(20, start)
        await publish(sent).then(
          () => acknowledged.push(...sent.map(({ id }) => id)),
          (error: unknown) => refused.push(error),
        )
      }
    })()
    const stop = async () => {
      isOn = false
      await going
      return acknowledged
    }
    return { acknowledged, refused, stop }
  }

  const pause = (ms: number) => new Promise((later) => setTimeout(later, ms))

  const outage = async (name: string, fail: () => Promise<void>, mend: () => Promise<void>) => {
    const bus = open({ requestTimeout: 1_000 })
    const topic = newTopic(name)
    await bus.ensureTopics([topic])
    const { ids, hear, untilCount, untilAll } = listener()
    await bus.subscribe(topic, { group: 'g', from: 'now' }, hear)
    const { acknowledged, refused, stop } = load((some) => bus.publish(topic, some))
    await untilCount(200)
    await fail()
    await pause(3_000)
    const before = acknowledged.length
    await mend()
    const mended = performance.now()
    await untilCount(before + 400)
    console.log(`${name}: back after ${Math.round(performance.now() - mended)} ms`)
    const all = await stop()
    await untilAll(all)
    expect(refused).toEqual([])
    expect(bus.status().subscriptions[0]).toMatchObject({ connected: true, lastFailure: undefined })
    console.log(name, all.length, 'acknowledged', ids.length, 'handled')
  }

  it('goes on when a broker hangs for a while', { timeout: 60_000 }, async () => {
    await outage(
      'hangs',
      async () => broker.signal('SIGSTOP'),
      async () => broker.signal('SIGCONT'),
    )
  })

  it('goes on when a broker is killed and comes back', { timeout: 60_000 }, async () => {
    await outage(
      'killed',
      () => broker.kill(),
      () => broker.start(),
    )
  })

  it('loses nothing after a send that failed although the broker got it', { timeout: 60_000 }, async () => {
    const bus = open({ requestTimeout: 500, timeout: 1_000, partitions: 1 })
    const topic = newTopic('late')
    await bus.ensureTopics([topic])
    await bus.publish(topic, [event('first')])
    broker.signal('SIGSTOP')
    const failure = await bus.publish(topic, [event('doubtful')]).catch((error: unknown) => error)
    broker.signal('SIGCONT')
    expect(failure).toBeInstanceOf(CairnError)
    expect(failure).toMatchObject({ code: 'BUS_FAILED', message: expect.stringContaining(topic) })
    expect((failure as CairnError).message).toContain(broker.address)
    await bus.publish(topic, [event('next')])
    const { hear, untilAll } = listener()
    await bus.subscribe(topic, { group: 'g', from: 'beginning' }, hear)
    await untilAll(['next'])
  })

  it('handles all that is acknowledged while members come and go', { timeout: 60_000 }, async () => {
    const topic = newTopic('churn')
    const bus = open()
    await bus.ensureTopics([topic])
    const { ids, hear, untilAll } = listener()
    const join = () =>
      open().subscribe(topic, { group: 'g', from: 'now', concurrency: 10 }, async (heard) => {
        await pause(Math.random() * 20)
        await hear(heard)
      })
    const members: Subscription[] = [await join()]
    const { stop } = load((some) => bus.publish(topic, some))
    for (const end = performance.now() + 8_000; performance.now() < end; await pause(200)) {
      members.push(await join())
      await pause(200)
      await members.shift()!.close()
    }
    const all = await stop()
    await untilAll(all)
    console.log('churn', all.length, 'acknowledged', ids.length, 'handled')
  })
})
