import { CairnError } from '@cairn/kernel'
import type { CairnEvent, EventBus, Subscription, Urgency } from '@cairn/records'
import { ensureTopics, listTopics, probe } from './kafka/admin.ts'
import { DeadLetters, decisionMessage, replayMessage, type DeadLetter, type WholeLetter } from './kafka/dead-letters.ts'
import { within } from './kafka/deadline.ts'
import { groupsOf, membersOf, type GroupStatus } from './kafka/groups.ts'
import { Listener } from './kafka/listener.ts'
import { sizeOf, toMessage, type Outgoing } from './kafka/message.ts'
import { deadLettersOf } from './kafka/names.ts'
import { TopicProducer, tooLarge, type ProducerStatus } from './kafka/producer.ts'
import { settingsOf, type KafkaBusOptions } from './kafka/settings.ts'
import { KafkaSubscription, type SubscriptionStatus } from './kafka/subscription.ts'

export type { DeadLetter, WholeLetter } from './kafka/dead-letters.ts'
export type { GroupStatus } from './kafka/groups.ts'
export { deadLettersOf, groupIdOf } from './kafka/names.ts'
export type { KafkaBusOptions } from './kafka/settings.ts'
export { standstillText, type Standstill } from './kafka/standstills.ts'

export interface KafkaBus extends EventBus {
  /** Creates missing topics, each with a topic for its dead letters: `<topic>.dead`. */
  ensureTopics(names: readonly string[]): Promise<void>
  /** Returns the names of all topics. */
  topics(): Promise<readonly string[]>
  /** Returns the consumer groups of these topics with their lag and blocked partitions. */
  groups(topics: readonly string[]): Promise<readonly GroupStatus[]>
  /** Returns the number of members of each group, by group id (see `groupIdOf`). */
  members(groups: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** Resolves when a broker answers. */
  probe(): Promise<void>
  /**
   * Delivers all new events of a topic to this process, without a consumer group: no offsets are committed, and nothing
   * is left behind if the process dies.
   */
  listen(topic: string, listener: (event: CairnEvent) => void): Promise<Subscription>
  /** Returns the dead letters of all groups of a topic, the newest first. */
  deadLetters(topic: string): Promise<readonly DeadLetter[]>
  /** Returns a dead letter with its whole message. @throws CairnError NOT_FOUND if it has expired */
  wholeLetter(letter: DeadLetter): Promise<WholeLetter>
  /**
   * Publishes the message of a dead letter again for the group that gave it up. Other groups ignore it; consumers
   * without Cairn recognize it by its event id.
   *
   * @throws CairnError BAD_RECORD if the message is not a valid event
   */
  replay(letter: DeadLetter): Promise<void>
  /** Marks a dead letter as dropped. */
  drop(letter: DeadLetter): Promise<void>
  /** Returns the state of all subscriptions and producers, for health checks. */
  status(): KafkaBusStatus
  /** Closes all subscriptions, then sends the remaining events within `closeTimeout`. */
  close(): Promise<void>
}
export interface KafkaBusStatus {
  readonly subscriptions: readonly SubscriptionStatus[]
  readonly producers: readonly ProducerStatus[]
}

/**
 * An event bus on Kafka. Delivers at least once, and several events of a partition at once. A handler may take longer
 * than the session timeout.
 */
export function kafkaBus(options: KafkaBusOptions): KafkaBus {
  const settings = settingsOf(options)
  const producers = new Map<string, TopicProducer>()
  const subscriptions = new Set<KafkaSubscription | Listener>()
  let isClosed = false

  const letters = new Map<string, DeadLetters>()
  const lettersOf = (topic: string): DeadLetters => {
    if (!letters.has(topic)) letters.set(topic, new DeadLetters(settings, topic))
    return letters.get(topic)!
  }
  const refuseIfClosed = (what: string) => {
    if (isClosed) throw new CairnError('BUS_FAILED', `cannot ${what}: the event bus is closed`)
  }
  const send = (topic: string, messages: readonly Outgoing[], withinMs?: number): Promise<void> => {
    if (!producers.has(topic)) producers.set(topic, new TopicProducer(topic, settings))
    return producers.get(topic)!.send(messages, withinMs)
  }

  const publish = async (topic: string, events: readonly CairnEvent[], { withinMs }: Urgency = {}): Promise<void> => {
    refuseIfClosed(`publish to topic ${topic}`)
    const messages = events.map(toMessage)
    const large = messages.find((message) => sizeOf(message) > settings.maxEventBytes)
    if (large) throw tooLarge(topic, sizeOf(large))
    await send(topic, messages, withinMs)
  }

  return {
    system: 'kafka',
    publish,
    async subscribe(topic, subscribed, handler) {
      refuseIfClosed(`subscribe to topic ${topic}`)
      const sendToDeadLetters = (letter: Outgoing) => send(deadLettersOf(topic), [letter])
      const subscription = new KafkaSubscription({ settings, topic, options: subscribed, handler, sendToDeadLetters })
      subscriptions.add(subscription)
      const close = () => subscription.close().finally(() => subscriptions.delete(subscription))
      await subscription.open().catch(async (error: unknown) => {
        await close()
        throw error
      })
      return { close }
    },
    async listen(topic, listener) {
      refuseIfClosed(`listen to topic ${topic}`)
      const opened = new Listener(settings, topic, listener)
      subscriptions.add(opened)
      const close = () => opened.close().finally(() => subscriptions.delete(opened))
      await opened.open().catch(async (error: unknown) => {
        await close()
        throw error
      })
      return { close }
    },
    ensureTopics: (names) => ensureTopics(settings, names),
    topics: () => listTopics(settings),
    groups: (names) => groupsOf(settings, names),
    members: (ids) => membersOf(settings, ids),
    probe: () => probe(settings),
    deadLetters: (topic) => lettersOf(topic).all(),
    wholeLetter: (letter) => lettersOf(letter.topic).whole(letter),
    async replay(letter) {
      const { topic, id, event, error } = letter
      if (!event)
        throw new CairnError('BAD_RECORD', `dead letter ${id} contains no valid event to replay: ${error.message}`, {
          next: 'drop the dead letter: no consumer can handle it',
        })
      await send(topic, [replayMessage(await lettersOf(topic).whole(letter))])
      await send(deadLettersOf(topic), [decisionMessage(letter, 'replayed')])
    },
    drop: (letter) => send(deadLettersOf(letter.topic), [decisionMessage(letter, 'dropped')]),
    status: () => ({
      subscriptions: [...subscriptions].map((subscription) => subscription.status()),
      producers: [...producers.values()].map((producer) => producer.status()),
    }),
    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.close()))
      subscriptions.clear()
      isClosed = true
      const closed = Promise.all([...producers.values()].map((producer) => producer.close()))
      await within(settings.closeTimeout, closed, 'sending').catch(() => {})
    },
  }
}
