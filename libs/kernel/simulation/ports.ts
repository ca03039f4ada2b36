import { execute } from '../src/run/execute.ts'
import { errorRecord } from '../src/errors.ts'
import type { CairnEvent } from '../src/run/events.ts'
import type { ArtifactStore, Compute, EventBus, LaneResult } from '../src/run/ports.ts'
import type { Step } from '../src/define/step.ts'
import { directStore } from './direct-store.ts'
import type { World } from './world.ts'

/** A process that can die: nothing that it waits for ever comes then. */
export interface Process {
  readonly name: string
  alive: boolean
}

/** The store that all processes share, and each one's shaky line to it. */
export class SimulatedStore {
  readonly files = new Map<string, Uint8Array>()
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  for(process: Process): ArtifactStore {
    const direct = directStore(this.files)
    const shaky =
      <Given extends unknown[], Result>(work: (...given: Given) => Promise<Result>) =>
      (...given: Given) =>
        this.#call(process, () => work(...given))
    return {
      ...direct,
      read: shaky(direct.read),
      create: shaky(direct.create),
      replace: shaky(direct.replace),
      put: shaky(direct.put),
      fetch: shaky(direct.fetch),
      stat: shaky(direct.stat),
      children: shaky(direct.children),
      remove: shaky(direct.remove),
    }
  }

  /** A call that is carried out a little later, and answered a little later still: if nothing goes wrong on the way. */
  #call<Result>(process: Process, work: () => Promise<Result>): Promise<Result> {
    const world = this.#world
    return new Promise((resolve, reject) => {
      world.soon(() => {
        if (!process.alive && world.chance(0.5)) return // died before the request left
        if (world.fault(0.01)) return answer(() => reject(new Error('the request was lost')))
        const result = work()
        if (world.fault(0.01)) return answer(() => reject(new Error('carried out, but the answer was lost')))
        answer(() => resolve(result))
      })
      const answer = (say: () => void) => world.soon(() => process.alive && say())
    })
  }
}

interface Delivery {
  readonly text: string
  done: boolean
  /** Processes that have it in hand. */
  readonly held: Set<Process>
}

/** A bus that delivers late, in any order, twice, and again to the next process when one has died. */
export class SimulatedBus {
  readonly heard = new Set<string>()
  readonly #world: World
  readonly #log: Delivery[] = []
  #member: { process: Process; handle: (event: CairnEvent) => Promise<void> } | undefined

  constructor(world: World) {
    this.#world = world
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

  /** Gives the topic to a process; what another has not finished is delivered to it again. */
  assign(process: Process, handle: (event: CairnEvent) => Promise<void>): void {
    this.#member = { process, handle }
    for (const delivery of this.#log) if (!delivery.done) this.#deliver(delivery)
  }

  #append(event: CairnEvent): void {
    this.heard.add(event.id)
    const delivery: Delivery = { text: JSON.stringify(event), done: false, held: new Set() }
    this.#log.push(delivery)
    this.#deliver(delivery)
    if (this.#world.fault(0.03)) this.#deliver(delivery, true)
  }

  #deliver(delivery: Delivery, again = false): void {
    this.#world.soon(() => {
      const member = this.#member
      if (!member || (delivery.done && !again) || (delivery.held.has(member.process) && !again)) return
      delivery.held.add(member.process)
      member.handle(JSON.parse(delivery.text) as CairnEvent).then(
        () => {
          // A process that has lost the topic cannot say that it is done.
          if (member.process.alive && this.#member === member) delivery.done = true
        },
        () => {
          delivery.held.delete(member.process)
          if (member.process.alive) this.#deliver(delivery)
        },
      )
    })
  }
}

/** Runs the bodies themselves, each at some later moment. Counts how often each key, and each step, was computed. */
export function simulatedCompute(
  world: World,
  process: Process,
  steps: ReadonlyMap<string, Step>,
  computed: Map<string, number>,
  bodies = new Map<string, number>(),
): Compute {
  return {
    async *run(work, signal) {
      for (const lane of work.lanes) {
        await new Promise<void>((resolve) => world.soon(() => process.alive && resolve()))
        const { definition } = steps.get(work.step)!
        const code = { ...definition, ...(definition.catch && { fallback: definition.catch }) } as never
        const surface = {
          signal,
          scratch: '',
          outbox: '',
          secrets: {},
          root: '',
          remember: () => Promise.reject(new Error()),
        }
        let result: LaneResult
        try {
          signal.throwIfAborted()
          result = { lane: lane.index, ms: 1, outputs: await execute(code, work, lane, surface) }
        } catch (error) {
          result = { lane: lane.index, ms: 1, error: errorRecord(error) }
        }
        if (!lane.error && !('error' in result)) {
          computed.set(lane.key, (computed.get(lane.key) ?? 0) + 1)
          bodies.set(work.step, (bodies.get(work.step) ?? 0) + 1)
        }
        yield result
      }
    },
  }
}
