import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { findProject, loadPipeline, planRun, stepsOf, Workspace, type RunRequest } from '@cairn/workspace'
import { startRun } from '@cairn/embedded'
import { TemporaryProject } from '@cairn/workspace/project.fixture'
import type { Pipeline, Step } from '@cairn/kernel'
import { explore, type ExploreOptions } from './explore.ts'
import type { Lab } from './lab.ts'

const PIPELINE = `import { each, list, pipeline, source, step } from '@cairn/kernel'
import { fromFile } from '@cairn/connectors'
import { json, metrics, sql, table } from '@cairn/kinds'
import { z } from 'zod'
export const Flights = table({ id: 'int32', delay: 'int32' })
export const Score = json<number>()
export const load = source('load', {
  reads: { file: fromFile('flights.json') },
  outputs: { flights: Flights, airports: list(Score) },
  run: async ({ file }) => {
    const { readFileSync } = await import('node:fs')
    const delays = JSON.parse(readFileSync(file.path, 'utf8')) as number[]
    return { flights: delays.map((delay, id) => ({ id, delay })), airports: [1, 2, 3, 4] }
  },
})
export const features = step('features', {
  inputs: { flights: Flights },
  outputs: { features: Flights },
  run: ({ flights }) => ({ features: sql\`select id, (delay * 2)::int as delay from \${flights}\` }),
})
export const train = step('train', {
  inputs: { features: Flights },
  params: z.object({ trees: z.number().default(10), rate: z.number().default(1) }),
  outputs: { model: Score },
  run: async ({ features }, { trees, rate }) => {
    const { delay } = await features.columnsOf(['delay'])
    return { model: trees * rate * delay.reduce((a, b) => a + b, 0) }
  },
})
export const score = step('score', {
  inputs: { airport: Score, model: Score },
  outputs: { score: Score },
  run: ({ airport, model }) => ({ score: airport * model }),
})
export const evaluate = step('evaluate', {
  inputs: { model: Score, scores: list(Score) },
  outputs: { metrics: metrics({ auc: 'number', airports: 'integer' }) },
  run: async ({ model, scores }) => ({ metrics: { auc: 1 - 1 / model, airports: (await scores.all()).length } }),
})
export const delays = pipeline('delays', { params: z.object({ trees: z.number().default(10) }) }, ({ trees }) => {
  const { flights, airports } = load({})
  const { features: made } = features({ flights })
  const { model } = train({ features: made }, { trees })
  const { score: scores } = each(airports, (airport) => score({ airport, model }), { batch: 2 })
  return evaluate({ model, scores })
})
`
const SWAPS = `import { step } from '@cairn/kernel'
import { json, sql, table } from '@cairn/kinds'
const Flights = table({ id: 'int32', delay: 'int32' })
export const withWeather = step('with-weather', {
  inputs: { flights: Flights },
  outputs: { features: Flights },
  run: ({ flights }) => ({ features: sql\`select id, (delay * 3)::int as delay from \${flights}\` }),
})
export const wrong = step('wrong', {
  inputs: { flights: Flights },
  outputs: { features: json<string>() },
  run: () => ({ features: '' }),
})
`

/** A project with a pipeline, of which a run has completed. */
export class Explored {
  readonly #files = new TemporaryProject({
    'delays.pipeline.ts': PIPELINE,
    'swaps.ts': SWAPS,
    'flights.json': JSON.stringify(Array.from({ length: 1000 }, (_, id) => id % 7)),
  })
  readonly path = (file: string) => this.#files.path(file)
  readonly write = (files: Readonly<Record<string, string>>) => this.#files.write(files)
  readonly remove = () => this.#files.remove()

  get project() {
    return findProject(this.#files.root)
  }

  /** A run of production; its name. */
  async produce(request: RunRequest = {}): Promise<string> {
    const workspace = new Workspace(this.project)
    const loaded = await loadPipeline(workspace.project, 'delays')
    const { plan } = await planRun(workspace, loaded, request)
    await startRun(workspace, plan, { live: stepsOf(loaded.pipeline) }).ended
    return plan.run
  }

  async lab(options: ExploreOptions = {}): Promise<Lab> {
    const { pipeline } = await loadPipeline(this.project, 'delays')
    return explore(pipeline as Pipeline<{}>, { project: this.project, ...options })
  }

  async swaps(): Promise<Record<'withWeather' | 'wrong', Step>> {
    return (await import(this.path('swaps.ts'))) as never
  }

  /** Every byte of production's records and objects. */
  production(): string {
    const folder = join(this.project.store, 'local')
    const hash = createHash('sha256')
    for (const file of (readdirSync(folder, { recursive: true }) as string[]).sort()) {
      const path = join(folder, file)
      const { mtimeMs } = statSync(path)
      hash.update(`${file} ${mtimeMs} `)
      if (statSync(path).isFile()) hash.update(readFileSync(path))
    }
    return hash.digest('hex')
  }
}
