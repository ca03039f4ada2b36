import { hash } from 'node:crypto'
import type { CairnEvent, ArtifactStore, Compute, EventBus } from '@cairn/records'
import type { Step } from '@cairn/kernel'
import { callBody } from './body.ts'
import { directStore } from './direct-store.ts'
import type { World } from './world.ts'

/** A process that can die. Nothing that it waits for arrives after that. */
export interface Process {
  readonly name: string
  alive: boolean
}

/** The store that all processes share, and an unreliable connection to it for each process. */
export class SimulatedStore {
  readonly files = new Map<string, Uint8Array>()
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  for(process: Process): ArtifactStore {
    const direct = directStore(this.files)
    const unreliable =
      <Given extends unknown[], Result>(work: (...given: Given) => Promise<Result>) =>
      (...given: Given) =>
        this.#call(process, () => work(...given))
    return {
      ...direct,
      read: unreliable(direct.read),
      create: unreliable(direct.create),
      replace: unreliable(direct.replace),
      put: unreliable(direct.put),
      fetch: unreliable(direct.fetch),
      stat: unreliable(direct.stat),
      children: unreliable(direct.children),
      remove: unreliable(direct.remove),
    }
  }

  /** Carries out a call after a delay, and answers after another one. Either message may be lost. */
  #call<Result>(process: Process, work: () => Promise<Result>): Promise<Result> {
    const world = this.#world
    return new Promise((resolve, reject) => {
      world.soon(() => {
        if (!process.alive && world.chance(0.5)) return // died before it sent the request
        if (world.fault(0.01)) return answer(() => reject(new Error('the request was lost')))
        const result = work()
        if (world.fault(0.01)) return answer(() => reject(new Error('carried out, but the answer was lost')))
        answer(() => resolve(result))
      })
      const answer = (send: () => void) => world.soon(() => process.alive && send())
    })
  }
}

interface Member {
  readonly process: Process
  readonly handle: (event: CairnEvent) => Promise<void>
  readonly onReassigned: () => void
}

interface Message {
  readonly text: string
  readonly partition: number
  readonly isForged?: boolean
}

/** How often a forged event is delivered. A real event is delivered until it is handled. */
const FORGED_DELIVERIES = 5

/** The progress of one consumer group. Each event goes to the member that its partition is assigned to. */
interface Group {
  readonly members: Member[]
  /** The positions in the log that are handled. */
  readonly done: Set<number>
  /** The events that members are handling, as `<process>/<position>`. */
  readonly inProgress: Set<string>
}

/** A bus that delivers late, in any order, more than once, and again to another member when partitions move. */
export class SimulatedBus {
  readonly published = new Set<string>()
  readonly #world: World
  readonly #partitions: number
  readonly #log: Message[] = []
  readonly #groups = new Map<string, Group>()

  constructor(world: World, partitions: number) {
    this.#world = world
    this.#partitions = partitions
  }

  /**
   * Publishes an event of something that did not happen. After a few failed deliveries it is dropped, like a dead
   * letter.
   */
  forge(event: CairnEvent): void {
    this.#add({ text: JSON.stringify(event), partition: this.#partitionOf(event), isForged: true })
  }

  for(process: Process): EventBus {
    return {
      publish: (_topic, events) =>
        new Promise((resolve, reject) => {
          this.#world.soon(() => {
            if (!process.alive && this.#world.chance(0.5)) return
            for (const event of events) this.#append(event)
            const lost = this.#world.fault(0.01)
            this.#world.soon(
              () => process.alive && (lost ? reject(new Error('sent, but not acknowledged')) : resolve()),
            )
          })
        }),
      subscribe: () => Promise.reject(new Error('the simulation assigns by itself')),
    }
  }

  join(name: string, member: Member): void {
    const group = this.#groups.get(name) ?? { members: [], done: new Set(), inProgress: new Set() }
    this.#groups.set(name, group)
    group.members.push(member)
    this.#rebalance(group)
  }

  /**
   * Removes a process from its group. A process that is still alive may continue as a zombie, but cannot acknowledge
   * events.
   */
  leave(name: string, process: Process): void {
    const group = this.#groups.get(name)!
    const at = group.members.findIndex((member) => member.process === process)
    if (at >= 0) group.members.splice(at, 1)
    this.#rebalance(group)
  }

  #rebalance(group: Group): void {
    for (const { onReassigned } of group.members) onReassigned()
    for (const place of this.#log.keys()) if (!group.done.has(place)) this.#deliver(group, place)
  }

  #append(event: CairnEvent): void {
    this.published.add(event.id)
    this.#add({ text: JSON.stringify(event), partition: this.#partitionOf(event) })
  }

  #add(message: Message): void {
    const place = this.#log.push(message) - 1
    for (const group of this.#groups.values()) {
      this.#deliver(group, place)
      if (this.#world.fault(0.03)) this.#deliver(group, place, true)
    }
  }

  #partitionOf({ partitionkey }: CairnEvent): number {
    return Number.parseInt(hash('sha1', partitionkey).slice(0, 8), 16) % this.#partitions
  }

  #deliver(group: Group, place: number, again = false, deliveries = 1): void {
    this.#world.soon(() => {
      const { text, partition, isForged } = this.#log[place]!
      const member = group.members[partition % group.members.length]
      const holding = member && `${member.process.name}/${place}`
      if (!member || ((group.done.has(place) || group.inProgress.has(holding!)) && !again)) return
      group.inProgress.add(holding!)
      const isAssigned = () => group.members[partition % group.members.length] === member
      member.handle(JSON.parse(text) as CairnEvent).then(
        () => {
          if (member.process.alive && isAssigned()) group.done.add(place)
        },
        () => {
          group.inProgress.delete(holding!)
          if (!member.process.alive) return
          if (isForged && deliveries === FORGED_DELIVERIES) group.done.add(place)
          else this.#deliver(group, place, false, deliveries + 1)
        },
      )
    })
  }
}

/** Runs the bodies themselves, each after a delay. Counts how often each key and each step was computed. */
export function simulatedCompute(
  world: World,
  process: Process,
  steps: ReadonlyMap<string, Step>,
  computed: Map<string, number>,
  bodies = new Map<string, number>(),
): Compute {
  return {
    async *run(work, signal) {
      for (const item of work.items) {
        await new Promise<void>((resolve) => world.soon(() => process.alive && resolve()))
        const result = await callBody(steps.get(work.step)!, work, item, signal)
        if (!item.error && !('error' in result)) {
          computed.set(item.key, (computed.get(item.key) ?? 0) + 1)
          bodies.set(work.step, (bodies.get(work.step) ?? 0) + 1)
        }
        yield result
      }
    },
  }
}
