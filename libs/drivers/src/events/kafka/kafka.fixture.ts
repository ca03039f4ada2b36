import { randomUUID } from 'node:crypto'
import { afterEach, expect } from 'vitest'
import type { CairnEvent, EventBus } from '@cairn/records'
import { kafkaBus, type KafkaBus, type KafkaBusOptions } from '../kafka.ts'
import { committedOffsets } from './admin.ts'
import { groupIdOf } from './names.ts'
import { settingsOf } from './settings.ts'

/** Short intervals, to make tests fast. */
const QUICK = {
  partitions: 4,
  redeliverAfter: 1,
  sessionTimeout: 6_000,
  heartbeatInterval: 100,
  fetchWait: 50,
  commitInterval: 20,
} satisfies Partial<KafkaBusOptions>

/** Returns a function that opens buses, which are closed after each test. */
export function buses(brokers: () => readonly string[]) {
  const opened: KafkaBus[] = []
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((bus) => bus.close()))
  })
  return (options: Partial<KafkaBusOptions> = {}): KafkaBus => {
    const bus = kafkaBus({ ...QUICK, brokers: brokers(), clientId: 'test', ...options })
    opened.push(bus)
    return bus
  }
}

export function newTopic(name = 'topic'): string {
  return `cairn.test.${name}-${randomUUID().slice(0, 8)}`
}

/** Returns the committed offsets of a group, by partition. */
export async function committed(brokers: readonly string[], topic: string, group: string) {
  const settings = settingsOf({ brokers, clientId: 'test' })
  return Object.fromEntries(await committedOffsets(settings, topic, groupIdOf(topic, group)))
}

/** Repeats an expectation until it holds, or the timeout of `expect.poll` ends. */
export function eventually<Value>(get: () => Value): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(get, { interval: 20 })
}

/** Maps topic names to new topics, so that tests do not share them, and creates each on first use. */
export function withOwnTopics(bus: KafkaBus): EventBus {
  const own = new Map<string, string>()
  const topicOf = async (name: string): Promise<string> => {
    if (!own.has(name)) own.set(name, newTopic(name))
    await bus.ensureTopics([own.get(name)!])
    return own.get(name)!
  }
  return {
    publish: async (name, events) => bus.publish(await topicOf(name), events),
    subscribe: async (name, options, handler) => bus.subscribe(await topicOf(name), options, handler),
  }
}

export function event(id: string, { partitionkey = id, ...more }: Partial<CairnEvent> = {}): CairnEvent {
  return {
    specversion: '1.0',
    id,
    type: 'cairn.run-started',
    source: '/test/flight-delays',
    subject: id,
    time: new Date(0).toISOString(),
    partitionkey,
    data: { env: 'test', pipeline: 'flight-delays', run: id },
    headers: {},
    ...more,
  }
}

export function events(count: number, start = 0): CairnEvent[] {
  return Array.from({ length: count }, (_, index) => event(`e${start + index}`))
}

/** Collects events. `untilCount` resolves after a number of events, `untilAll` after certain ones. */
export function listener() {
  const ids: string[] = []
  const seen = new Set<string>()
  const waiting = new Set<{ isDone: () => boolean; resolve: () => void }>()
  const until = (isDone: () => boolean): Promise<void> =>
    new Promise((resolve) => void (isDone() ? resolve() : waiting.add({ isDone, resolve })))
  return {
    ids,
    seen,
    receive: async ({ id }: CairnEvent): Promise<void> => {
      ids.push(id)
      seen.add(id)
      for (const waiter of waiting) {
        if (!waiter.isDone()) continue
        waiting.delete(waiter)
        waiter.resolve()
      }
    },
    untilCount: (count: number) => until(() => ids.length >= count),
    untilAll: (wanted: Iterable<string>) => {
      const missing = new Set(wanted)
      return until(() => {
        for (const id of missing) {
          if (!seen.has(id)) return false
          missing.delete(id)
        }
        return true
      })
    },
  }
}
