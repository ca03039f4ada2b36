import { folderStore } from '@cairn/drivers/store/folder'
import { readOnlyStore, type ReadableStore } from '@cairn/drivers/store/layered'
import {
  allPipelines,
  contextStore,
  findProject,
  findRun,
  readContext,
  readRun,
  Workspace,
  type LoadedPipeline,
  type Project,
} from '@cairn/workspace'
import { CairnError, type AnySchema, type Pipeline } from '@cairn/kernel'
import { PRODUCTION } from '@cairn/records'
import { Lab } from './lab.ts'
import { openPlayground, playgroundStore } from './playground.ts'
import { codeOfRun } from './run-code.ts'

export interface ExploreOptions {
  /** The run to start from: a run, or `production`: the promoted run, or else the newest completed run. */
  readonly base?: string
  /** The name of the playground that stores the results. @default 'scratch' */
  readonly playground?: string
  /** Whether steps that are not swapped run with the stored code of the run instead of the current code. */
  readonly atRunCode?: boolean
  /** The project, or a folder in it. @default the project of the working directory */
  readonly project?: Project | string
  /** The context of the services with the production runs. @default the store of the project */
  readonly on?: string
  /** The opened workspace with the production runs, if there is one. */
  readonly production?: Production
  /** The loaded pipeline with its file, if it is known. */
  readonly loaded?: LoadedPipeline
}
export interface Production {
  readonly env: string
  readonly store: ReadableStore
}

/**
 * Opens a production run, to read its values and to rerun it with changes. Production is only read. Everything that is
 * computed is stored in the playground.
 *
 * @example
 * const lab = await explore(flightDelays, { base: 'production' })
 * const features = await lab.value(extractFeatures, 'features')
 * const run = await lab.params(trainModel, { trees: 400 }).run()
 * console.table(await run.compare('production'))
 */
export async function explore<S extends AnySchema>(
  pipeline: Pipeline<{}, S>,
  { base = 'production', playground = 'scratch', atRunCode = false, ...options }: ExploreOptions = {},
): Promise<Lab<S>> {
  const { project: given = process.cwd(), on } = options
  const found = typeof given === 'string' ? findProject(given) : given
  const production = options.production ?? (on === undefined ? undefined : await productionOn(found, on))
  const project = production ? { ...found, env: production.env } : found
  const loaded = options.loaded ?? (await withFile(project, pipeline))
  const below = production?.store ?? folderStore(project.store)
  const workspace = new Workspace(project, playgroundStore(project, playground, below))
  const at = workspace.at(pipeline.name)
  // Only the production store decides which run is in production, not a playground.
  const lookup = base === PRODUCTION ? readOnlyStore(below, 'production') : workspace.store
  const run = await findRun(lookup, at, nameOf(pipeline.name, base))
  openPlayground(project, playground, { pipeline: pipeline.name, run, isOfServices: on !== undefined }, Date.now())
  const { plan } = await readRun(workspace.store, at, run)
  const today = { graph: loaded.pipeline.graph, closures: await workspace.closures(loaded) }
  const code = atRunCode ? await codeOfRun(workspace, plan) : today
  return new Lab({ workspace, loaded, playground, base: plan, ...code })
}

async function productionOn(project: Project, on: string): Promise<Production> {
  const context = readContext(project.root, on)
  return { env: context.env, store: await contextStore(project, context) }
}

async function withFile(project: Project, pipeline: Pipeline): Promise<LoadedPipeline> {
  const found = (await allPipelines(project)).find((loaded) => loaded.pipeline === pipeline)
  if (found) return found
  throw new CairnError('NOT_FOUND', `${pipeline.name} is not a pipeline of ${project.root}`, {
    next: 'add its file to "cairn": { "pipelines": […] } in package.json',
  })
}

/** Parses the name or path of a run: `<run>` or `<pipeline>/<run>`. */
function nameOf(pipeline: string, base: string): string {
  return base.startsWith(`${pipeline}/`) ? base.slice(pipeline.length + 1) : base
}
