import 'reflect-metadata'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DynamicModule, Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { inProcess } from '@cairn/drivers/compute'
import { memoryBus } from '@cairn/drivers/events/memory'
import { memoryStore } from '@cairn/drivers/store/memory'
import { Engine, submit } from '@cairn/engine'
import { makePlan } from '@cairn/planner'
import { systemClock, topicOf, type CairnEvent } from '@cairn/records'
import type { Kind, Pipeline, Step } from '@cairn/kernel'
import { HealthModule, type Health } from './health.module.ts'
import { CairnStrategy, type StrategyOptions } from './strategy.ts'

const ENV = 'test'
export const WELL: Health = { live: async () => ({}), ready: async () => ({}) }

export const Int: Kind<number> = {
  name: 'json',
  version: 1,
  schema: { type: 'integer' },
  encode: (value) => ({ bytes: Buffer.from(String(value)) }),
  decode: async (artifact) => Number(Buffer.from(await artifact.bytes()).toString()),
}

export type Apps = ReturnType<typeof openApps>

/** Opens Nest applications that share an event bus and a store. */
export function openApps() {
  const bus = memoryBus({ partitions: 1, retain: true, deliveries: 3, redeliverAfter: 1 })
  const host = { store: memoryStore(), bus, clock: systemClock, name: 'test' }
  const scratch = mkdtempSync(join(tmpdir(), 'cairn-stage-'))
  const remember = (_: string, make: () => Promise<string>) => make()
  const running: NestFastifyApplication[] = []
  let runs = 0

  const open = async (
    module: Type | DynamicModule,
    options: Partial<StrategyOptions>,
  ): Promise<NestFastifyApplication> => {
    const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), { logger: false })
    running.push(app)
    app.connectMicroservice({ strategy: new CairnStrategy({ env: ENV, ...host, ...options }) })
    await app.startAllMicroservices()
    await app.init()
    return app
  }
  return {
    bus,
    store: host.store,
    /** Opens an application with these controllers. */
    open: (controllers: Type[], options: Partial<StrategyOptions> = {}) =>
      open({ ...HealthModule.forRoot(WELL), controllers }, options),
    /** Opens an application that runs steps of a pipeline; by default all of them. */
    openStage(pipeline: Pipeline, steps?: readonly Step[]): Promise<NestFastifyApplication> {
      const live = new Map<string, Step>()
      for (const node of pipeline.graph.nodes.values()) if (node.type === 'step') live.set(node.step.name, node.step)
      const options = { root: scratch, scratch: () => scratch, secrets: () => undefined, remember, live }
      const mine = steps && { steps: new Set(steps.map(({ name }) => name)) }
      const engine = new Engine({ ...host, compute: inProcess(options), hasSuccessor: true, ...mine })
      const group = ['stage', ...(mine?.steps ?? [])].join('.')
      return open(HealthModule.forRoot(WELL), {
        engine: {
          pipeline: pipeline.name,
          options: { group, from: 'beginning' },
          handle: (event) => engine.handle(event),
        },
      })
    },
    /** Starts a run. `ended` resolves with its last event. */
    async start(pipeline: Pipeline): Promise<{ run: string; ended: Promise<CairnEvent> }> {
      const run = `run-${++runs}`
      const ended = Promise.withResolvers<CairnEvent>()
      const topic = topicOf({ env: ENV, pipeline: pipeline.name })
      await bus.subscribe(topic, { group: `end of ${run}`, from: 'now' }, async (event) => {
        if (event.type === 'cairn.run-ended' && event.data.run === run) ended.resolve(event)
      })
      const code = () => ({ inline: 'it is a test' })
      const closures = { body: code, fallback: () => undefined }
      const planner = { ...host, closures, root: scratch, secrets: () => undefined, remember }
      await submit(host, await makePlan(planner, pipeline, { run, env: ENV }))
      return { run, ended: ended.promise }
    },
    async close(): Promise<void> {
      await Promise.all(running.map((app) => app.close()))
      rmSync(scratch, { recursive: true, force: true })
    },
  }
}
