import { CairnError } from '@cairn/kernel'
import type { CairnEvent, EventBus, Subscription, Urgency } from '@cairn/records'
import { ensureTopics, listTopics, probe } from './kafka/admin.ts'
import { DeadLetters, markOf, replayOf, type DeadLetter, type WholeLetter } from './kafka/dead-letters.ts'
import { within } from './kafka/deadline.ts'
import { groupsOf, membersOf, removeGroups, type GroupStatus } from './kafka/groups.ts'
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
  /** Creates those topics that are missing, and for each one for its dead letters: `<topic>.dead`. */
  ensureTopics(names: readonly string[]): Promise<void>
  /** The names of all topics that there are. */
  topics(): Promise<readonly string[]>
  /** The groups that share the events of these topics, and how far they have come. */
  groups(topics: readonly string[]): Promise<readonly GroupStatus[]>
  /** How many members these groups have, whose names are those of `groupIdOf`. */
  members(groups: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** Removes those groups of them that have no members; gives their names. */
  removeGroups(which: (id: string, all: ReadonlySet<string>) => boolean): Promise<readonly string[]>
  /** Resolves when a broker answers. */
  probe(): Promise<void>
  /**
   * Hears all that comes to a topic from now on, in this process alone and as a member of no group: nothing of it is
   * remembered, and nothing is left behind when the process dies.
   */
  hear(topic: string, listener: (event: CairnEvent) => void): Promise<Subscription>
  /** What groups could not handle of a topic, and what was decided about it; the newest first. */
  deadLetters(topic: string): Promise<readonly DeadLetter[]>
  /** A dead letter with all of its message. */
  wholeLetter(letter: DeadLetter): Promise<WholeLetter>
  /**
   * Hands the message of a dead letter once more to the group that gave it up, and to no other: other groups leave it out,
   * and whoever hears the topic without Cairn knows it by its id.
   */
  replay(letter: DeadLetter): Promise<void>
  /** Says of a dead letter that nothing is to be done about it any more. */
  drop(letter: DeadLetter): Promise<void>
  /** For probes and people. A member is alive while its heartbeats are answered or it is making itself anew. */
  status(): KafkaBusStatus
  /** Closes its subscriptions, and sends what is being published. */
  close(): Promise<void>
}
export interface KafkaBusStatus {
  readonly subscriptions: readonly SubscriptionStatus[]
  readonly producers: readonly ProducerStatus[]
}

/** An event bus over Kafka: at least once, several events of a partition at a time, handlers may take hours. */
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
    async hear(topic, listener) {
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
    removeGroups: (which) => removeGroups(settings, which),
    probe: () => probe(settings),
    deadLetters: (topic) => lettersOf(topic).all(),
    wholeLetter: (letter) => lettersOf(letter.topic).whole(letter),
    async replay(letter) {
      const { topic, id, event, error } = letter
      if (!event)
        throw new CairnError('BAD_RECORD', `dead letter ${id} contains no valid event to replay: ${error.message}`, {
          next: 'drop the dead letter: no consumer can handle it',
        })
      await send(topic, [replayOf(await lettersOf(topic).whole(letter))])
      await send(deadLettersOf(topic), [markOf(letter, 'replayed')])
    },
    drop: (letter) => send(deadLettersOf(letter.topic), [markOf(letter, 'dropped')]),
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
