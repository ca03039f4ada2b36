import { describe, expect, it, onTestFinished } from 'vitest'
import { CairnError } from '@cairn/kernel'
import { channels, type CairnEvent, type DeadLetterMessage, type EventBus } from '@cairn/records'

/** Tests that every event bus must pass. */
export function busSuite(name: string, open: () => EventBus | Promise<EventBus>): void {
  describe(`${name} as an event bus`, () => {
    const event = (id: string, partitionkey = id): CairnEvent => ({
      specversion: '1.0',
      id,
      type: 'cairn.run-started',
      source: '/local/test',
      subject: id,
      time: new Date(0).toISOString(),
      partitionkey,
      data: { env: 'local', pipeline: 'test', run: id },
      headers: {},
    })
    const events = (count: number, key?: string) => Array.from({ length: count }, (_, index) => event(`e${index}`, key))
    /** Collects the ids of events. `all` resolves after `count` events. */
    const collector = (count: number) => {
      const ids: string[] = []
      const all = Promise.withResolvers<string[]>()
      const receive = async ({ id }: CairnEvent) => {
        if (ids.push(id) === count) all.resolve(ids)
      }
      return { receive, all: all.promise, ids }
    }
    const ids = (count: number) => Array.from({ length: count }, (_, index) => `e${index}`)

    it('delivers published events', async () => {
      const bus = await open()
      const { receive, all } = collector(100)
      await bus.subscribe('topic', { group: 'g', from: 'now' }, receive)
      await bus.publish('topic', events(100))
      expect((await all).sort()).toEqual(ids(100).sort())
    })

    it('sends deferred events together with urgent ones, or after their maximum delay', async () => {
      const bus = await open()
      const { receive, all } = collector(3)
      await bus.subscribe('topic', { group: 'g', from: 'now' }, receive)
      await bus.publish('topic', [event('late', 'key')], { withinMs: 100 })
      const patient = bus.publish('topic', [event('patient', 'key')], { withinMs: 1e6 })
      await Promise.all([patient, bus.publish('topic', [event('urgent', 'key')])])
      expect((await all).sort()).toEqual(['late', 'patient', 'urgent'])
    })

    it('never runs a handler inside publish', async () => {
      const bus = await open()
      let handled = false
      await bus.subscribe('topic', { group: 'g', from: 'now' }, async () => void (handled = true))
      const published = bus.publish('topic', [event('one')])
      expect(handled).toBe(false)
      await published
    })

    it('delivers a copy of the published event', async () => {
      const bus = await open()
      const sent = event('one')
      const came = Promise.withResolvers<CairnEvent>()
      await bus.subscribe('topic', { group: 'g', from: 'now' }, async (received) => came.resolve(received))
      await bus.publish('topic', [sent])
      expect(await came.promise).toEqual(sent)
      expect(await came.promise).not.toBe(sent)
    })

    it('delivers each event to one member of every group', async () => {
      const bus = await open()
      const [left, right, other] = [collector(60), collector(60), collector(60)]
      const both: string[] = []
      const all = Promise.withResolvers<void>()
      const shared = async ({ id }: CairnEvent) => void (both.push(id) === 60 && all.resolve())
      await bus.subscribe('topic', { group: 'shared', from: 'now' }, async (received) => {
        await left.receive(received)
        await shared(received)
      })
      await bus.subscribe('topic', { group: 'shared', from: 'now' }, async (received) => {
        await right.receive(received)
        await shared(received)
      })
      await bus.subscribe('topic', { group: 'other', from: 'now' }, other.receive)
      await bus.publish('topic', events(60))
      await all.promise
      expect((await other.all).sort()).toEqual(ids(60).sort())
      expect([...left.ids, ...right.ids].sort()).toEqual(ids(60).sort())
      expect(left.ids.length).toBeGreaterThan(0)
      expect(right.ids.length).toBeGreaterThan(0)
    })

    it('delivers again until the handler resolves', async () => {
      const bus = await open()
      let failures = 2
      const done = Promise.withResolvers<number>()
      let deliveries = 0
      await bus.subscribe('topic', { group: 'g', from: 'now' }, async () => {
        deliveries++
        if (failures-- > 0) throw new Error('not yet')
        done.resolve(deliveries)
      })
      await bus.publish('topic', [event('one')])
      expect(await done.promise).toBe(3)
    })

    it('respects the number of deliveries in the options of a subscription', async () => {
      const bus = await open()
      const poison = Promise.withResolvers<number>()
      let deliveries = 0
      const options = { deliveries: 2, redeliverAfter: 1, onPoison: () => poison.resolve(deliveries) }
      await bus.subscribe('topic', { group: 'g', from: 'now', ...options }, async () => {
        deliveries++
        throw new Error('never')
      })
      await bus.publish('topic', [event('one')])
      expect(await poison.promise).toBe(2)
    })

    it('gives up an event that is never handled, reports it, and continues with the others', async () => {
      const bus = await open()
      const told: string[] = []
      const listen = ({ group, event }: DeadLetterMessage) => void told.push(`${group} ${event?.id}`)
      channels.deadLetter.subscribe(listen)
      onTestFinished(() => channels.deadLetter.unsubscribe(listen))
      const poison = Promise.withResolvers<string>()
      const { receive, all } = collector(1)
      await bus.subscribe(
        'topic',
        { group: 'g', from: 'now', onPoison: ({ id }) => poison.resolve(id) },
        async (received) => {
          if (received.id === 'bad') throw new Error('never')
          await receive(received)
        },
      )
      await bus.publish('topic', [event('bad', 'key'), event('good', 'key')])
      expect(await all).toEqual(['good'])
      expect(await poison.promise).toBe('bad')
      expect(told).toEqual(['g bad'])
    })

    it('handles no more events at once than the concurrency allows', async () => {
      const bus = await open()
      let inProgress = 0
      let most = 0
      const three = Promise.withResolvers<void>()
      const { receive, all } = collector(20)
      await bus.subscribe('topic', { group: 'g', from: 'now', concurrency: 3 }, async (received) => {
        most = Math.max(most, ++inProgress)
        if (inProgress === 3) three.resolve()
        await three.promise
        await new Promise((later) => setTimeout(later, 2)) // a fourth would arrive now
        inProgress--
        await receive(received)
      })
      await bus.publish('topic', events(20))
      await all
      expect(most).toBe(3)
    })

    it('lets a new group start from the beginning', async () => {
      const bus = await open()
      await bus.publish('topic', events(10))
      const { receive, all } = collector(10)
      await bus.subscribe('topic', { group: 'late', from: 'beginning' }, receive)
      expect((await all).sort()).toEqual(ids(10).sort())
    })

    it('lets a new group start from now', async () => {
      const bus = await open()
      await bus.publish('topic', events(10))
      const { receive, all } = collector(1)
      await bus.subscribe('topic', { group: 'late', from: 'now' }, receive)
      await bus.publish('topic', [event('new')])
      expect(await all).toEqual(['new'])
    })

    it('lets a new group start from a time', async () => {
      const bus = await open()
      await bus.publish('topic', [event('before')])
      await new Promise((later) => setTimeout(later, 20))
      const time = Date.now()
      await bus.publish('topic', [event('after')])
      const { receive, all } = collector(1)
      await bus.subscribe('topic', { group: 'late', from: { time } }, receive)
      expect(await all).toEqual(['after'])
    })

    it('redelivers an event during an outage of the store, without giving it up', async () => {
      const bus = await open()
      let outages = 8
      const poisoned: string[] = []
      const { receive, all } = collector(1)
      const options = { group: 'g', from: 'now', onPoison: ({ id }: CairnEvent) => void poisoned.push(id) } as const
      await bus.subscribe('topic', options, async (received) => {
        if (outages-- > 0) throw new CairnError('STORE_FAILED', 'the store is away')
        await receive(received)
      })
      await bus.publish('topic', [event('one')])
      expect(await all).toEqual(['one'])
      expect(poisoned).toEqual([])
    })

    it('notifies a member when its share of the events changes', async () => {
      const bus = await open()
      const told = Promise.withResolvers<void>()
      let others = false
      const onReassigned = () => void (others && told.resolve())
      await bus.subscribe('topic', { group: 'g', from: 'now', onReassigned }, async () => {})
      others = true
      await bus.subscribe('topic', { group: 'g', from: 'now' }, async () => {})
      await told.promise
    })

    it('redelivers the unhandled events of a closed member to the group', async () => {
      const bus = await open()
      const taken = Promise.withResolvers<void>()
      const first = await bus.subscribe('topic', { group: 'g', from: 'now' }, async () => {
        taken.resolve()
        throw new Error('leaving')
      })
      await bus.publish('topic', [event('one')])
      await taken.promise
      await first.close()
      const { receive, all } = collector(1)
      await bus.subscribe('topic', { group: 'g', from: 'now' }, receive)
      expect(await all).toEqual(['one'])
    })

    it('delivers only events of the subscribed topic', async () => {
      const bus = await open()
      const { receive, all } = collector(1)
      await bus.subscribe('one', { group: 'g', from: 'now' }, receive)
      await bus.publish('two', [event('elsewhere')])
      await bus.publish('one', [event('here')])
      expect(await all).toEqual(['here'])
    })
  })
}
