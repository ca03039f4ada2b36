import { CairnError } from '@cairn/kernel'
import { pipelineNames, topicOf, type ArtifactStore, type EventBus } from '@cairn/records'
import { deadLettersOf, type DeadLetter, type KafkaBus, type WholeLetter } from '@cairn/drivers/events/kafka'

export interface DeadLettersHost {
  readonly env: string
  readonly store: ArtifactStore
  readonly bus: EventBus & Pick<KafkaBus, 'topics' | 'deadLetters' | 'wholeLetter' | 'replay' | 'drop'>
}

/** A message that groups could not handle, with these groups. */
export interface LetterEntry extends Pick<DeadLetter, 'id' | 'at' | 'topic' | 'event' | 'preview'> {
  readonly groups: readonly Pick<DeadLetter, 'group' | 'state' | 'at' | 'error'>[]
}
export interface LetterQuery {
  /** Whether to include replayed and dropped ones. */
  readonly all?: boolean
  readonly run?: string | undefined
  /** The page starts after this entry. */
  readonly after?: string | undefined
  readonly limit: number
}

/** The dead letters of an environment's pipelines. */
export class DeadLetterBox {
  readonly #host: DeadLettersHost

  constructor(host: DeadLettersHost) {
    this.#host = host
  }

  /** Newest first. @throws CairnError NOT_FOUND if the entry `after` no longer exists */
  async page(
    pipeline: string,
    { all = false, run, after, limit }: LetterQuery,
  ): Promise<{ letters: LetterEntry[]; next: string | undefined; waiting: number }> {
    const letters = await this.#letters(pipeline)
    const wanted = letters.filter(
      ({ state, event }) => (all || state === 'waiting') && (run === undefined || event?.run === run),
    )
    const entries = entriesOf(wanted)
    // The entry may have been replayed or dropped since, and still marks the start of the page.
    const position = after === undefined ? -1 : entriesOf(letters).findIndex(({ id }) => id === after)
    if (after !== undefined && position < 0) throw notFound(pipeline, after)
    const before = new Set(
      entriesOf(letters)
        .slice(0, position + 1)
        .map(({ id }) => id),
    )
    const rest = entries.filter(({ id }) => !before.has(id))
    const shown = rest.slice(0, limit)
    return {
      letters: shown,
      next: rest.length > limit ? shown.at(-1)!.id : undefined,
      waiting: waitingAmong(letters),
    }
  }

  /** Numbers of waiting dead letters, for each selected pipeline with any. */
  async counts(isIncluded: (pipeline: string) => boolean): Promise<Record<string, number>> {
    const { env, store, bus } = this.#host
    const topics = await bus.topics()
    const counts: Record<string, number> = {}
    for (const pipeline of (await pipelineNames(store, env)).filter(isIncluded)) {
      const waiting = waitingAmong(await this.#lettersAmong(topics, pipeline))
      if (waiting > 0) counts[pipeline] = waiting
    }
    return counts
  }

  async show(pipeline: string, id: string): Promise<{ entry: LetterEntry; whole: WholeLetter }> {
    const letters = await this.#of(pipeline, id)
    return { entry: entriesOf(letters)[0]!, whole: await this.#host.bus.wholeLetter(letters[0]!) }
  }

  /** Delivers a message again to the groups that gave it up, or to one of them; returns their names. */
  async replay(pipeline: string, id: string, group: string | undefined): Promise<string[]> {
    return this.#decide(pipeline, id, group, (letter) => {
      if (letter.event) return this.#host.bus.replay(letter)
      throw new CairnError('BAD_RECORD', `dead letter ${id} of ${pipeline} is not an event: ${letter.error.message}`, {
        next: `cairn dead-letters drop ${pipeline}/${id}`,
      })
    })
  }

  async drop(pipeline: string, id: string, group: string | undefined): Promise<string[]> {
    return this.#decide(pipeline, id, group, (letter) => this.#host.bus.drop(letter))
  }

  async #decide(
    pipeline: string,
    id: string,
    group: string | undefined,
    decide: (letter: DeadLetter) => Promise<void>,
  ): Promise<string[]> {
    const letters = await this.#of(pipeline, id)
    const named = letters.filter((letter) => group === undefined || letter.group === group)
    if (named.length === 0)
      throw new CairnError('NOT_FOUND', `group ${group} has not given up message ${id} of ${pipeline}`, {
        next: `groups that gave it up: ${letters.map((letter) => letter.group).join(', ')}`,
      })
    const waiting = named.filter(({ state }) => state === 'waiting')
    if (waiting.length === 0)
      throw new CairnError('CONFLICT', `dead letter ${id} of ${pipeline} has already been ${named[0]!.state}`, {
        next: `cairn dead-letters show ${pipeline}/${id}`,
      })
    for (const letter of waiting) await decide(letter)
    return waiting.map((letter) => letter.group)
  }

  async #of(pipeline: string, id: string): Promise<DeadLetter[]> {
    const letters = (await this.#letters(pipeline)).filter((letter) => letter.id === id)
    if (letters.length > 0) return letters
    throw notFound(pipeline, id)
  }

  async #letters(pipeline: string): Promise<readonly DeadLetter[]> {
    const { env, store, bus } = this.#host
    if ((await store.children(`${env}/${pipeline}/`)).length > 0)
      return this.#lettersAmong(await bus.topics(), pipeline)
    throw new CairnError('NOT_FOUND', `pipeline ${pipeline} has no runs in ${env}`)
  }

  /** Empty if a pipeline has no topic yet: it has checkpoints, but was never run. */
  async #lettersAmong(topics: readonly string[], pipeline: string): Promise<readonly DeadLetter[]> {
    const topic = topicOf({ env: this.#host.env, pipeline })
    return topics.includes(deadLettersOf(topic)) ? this.#host.bus.deadLetters(topic) : []
  }
}

/** Number of waiting messages: each counts once, however many groups gave it up. */
function waitingAmong(letters: readonly DeadLetter[]): number {
  return entriesOf(letters.filter(({ state }) => state === 'waiting')).length
}

function entriesOf(letters: readonly DeadLetter[]): LetterEntry[] {
  return [...Map.groupBy(letters, ({ id }) => id)].map(([id, [first, ...others]]) => {
    const { topic, at, event, preview } = first!
    const groups = [first!, ...others].map(({ group, state, at, error }) => ({ group, state, at, error }))
    return { id, at, topic, event, preview, groups }
  })
}

function notFound(pipeline: string, id: string): CairnError {
  return new CairnError('NOT_FOUND', `there is no dead letter ${id} of ${pipeline}, or it has expired`, {
    next: `cairn dead-letters list ${pipeline}`,
  })
}
