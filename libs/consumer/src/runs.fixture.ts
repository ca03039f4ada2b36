import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inProcess } from '@cairn/drivers/compute'
import { memoryBus } from '@cairn/drivers/events/memory'
import { memoryStore } from '@cairn/drivers/store/memory'
import { Engine, submit } from '@cairn/engine'
import { makePlan, type Settings } from '@cairn/planner'
import { systemClock, topicOf, type ArtifactStore, type CairnEvent, type ClosureSet } from '@cairn/records'
import { validate, type AnySchema, type Kind, type Pipeline, type SchemaOutput, type Step } from '@cairn/kernel'

export const ENV = 'test'

/** A kind whose values are read when they are opened. */
export function json<S extends AnySchema>(schema: S): Kind<SchemaOutput<S>> {
  return {
    name: 'json',
    version: 1,
    schema: schema['~standard'].jsonSchema!.output({ target: 'draft-2020-12' }) as never,
    encode: async (value) => ({
      bytes: Buffer.from(JSON.stringify(await validate(schema, value, (issues) => new Error(issues.join())))),
    }),
    decode: async (artifact) => JSON.parse(Buffer.from(await artifact.bytes()).toString()) as SchemaOutput<S>,
  }
}

/** A kind of text that is read on demand. */
export const text: Kind<() => Promise<string>, string> = {
  name: 'text',
  version: 1,
  schema: true,
  encode: (value) => ({ bytes: Buffer.from(value) }),
  decode: (artifact) => async () => Buffer.from(await artifact.bytes()).toString(),
}

export type RunsHere = ReturnType<typeof runsHere>

/** Runs pipelines in this process. Their events stay on the bus for consumers that subscribe later. */
export function runsHere(store: ArtifactStore = memoryStore()) {
  const bus = memoryBus({ partitions: 1, retain: true, deliveries: 3, redeliverAfter: 1 })
  const host = { store, bus, clock: systemClock, name: 'test' }
  const scratch = mkdtempSync(join(tmpdir(), 'cairn-runs-'))
  const remember = (_: string, make: () => Promise<string>) => make()
  const events: CairnEvent[] = []
  const ends: PromiseWithResolvers<void>[] = []
  const open = new Map<string, Promise<unknown>>()

  const openEngine = (pipeline: Pipeline): Promise<unknown> => {
    const live = new Map<string, Step>()
    for (const node of pipeline.graph.nodes.values()) if (node.type === 'step') live.set(node.step.name, node.step)
    const options = { root: scratch, scratch: () => scratch, secrets: () => undefined, remember, live }
    const engine = new Engine({ ...host, compute: inProcess(options), hasSuccessor: false })
    const topic = topicOf({ env: ENV, pipeline: pipeline.name })
    const receive = async (event: CairnEvent) => {
      events.push(event)
      if (event.type === 'cairn.run-ended') ends[numberOf(event.data.run)]!.resolve()
    }
    return Promise.all([
      bus.subscribe(topic, { group: 'engine', from: 'now' }, (event) => engine.handle(event)),
      bus.subscribe(topic, { group: 'watcher', from: 'now', concurrency: 1 }, receive),
    ])
  }

  return {
    env: ENV,
    bus,
    store,
    /** All events so far. */
    events,
    /** Resolves when the run has started. */
    async start(pipeline: Pipeline, settings: Settings = {}): Promise<{ run: string; ended: Promise<void> }> {
      if (!open.has(pipeline.name)) open.set(pipeline.name, openEngine(pipeline))
      await open.get(pipeline.name)
      const planner = { ...host, closures: INLINE, root: scratch, secrets: () => undefined, remember }
      const end = Promise.withResolvers<void>()
      const run = `run-${ends.push(end)}`
      await submit(host, await makePlan(planner, pipeline, { run, env: ENV, settings }))
      return { run, ended: end.promise }
    },
    /** Resolves when the run has ended. */
    async run(pipeline: Pipeline, settings?: Settings): Promise<string> {
      const { run, ended } = await this.start(pipeline, settings)
      await ended
      return run
    },
    remove: () => rmSync(scratch, { recursive: true, force: true }),
  }
}

function numberOf(run: string): number {
  return Number(run.slice('run-'.length)) - 1
}

const INLINE: ClosureSet = {
  body: () => ({ inline: 'it is a test' }),
  fallback: ({ definition }) => definition.catch && { inline: 'it is a test' },
}
