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
  /** The run to start from: `production` (what was promoted last, or else the newest that completed), or a run. */
  readonly base?: string
  /** Where what is tried out is kept: a name, to come back to it. Default: `scratch`. */
  readonly playground?: string
  /** Whether what is not swapped runs with the code that the run stored, whatever the pipeline is by now. */
  readonly atRunCode?: boolean
  /** The project, or a folder in it. Default: that of the working directory. */
  readonly project?: Project | string
  /** The context whose services have production's runs, if not the project's own store has them. */
  readonly on?: string
  /** What has production's runs, where that is open already. */
  readonly production?: Production
  /** The pipeline with its file, where that is known already. */
  readonly loaded?: LoadedPipeline
}
export interface Production {
  readonly env: string
  readonly store: ReadableStore
}

/**
 * Opens a production run, to hook out of it and into it. Production is only read; all that is computed goes to the
 * playground.
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
  // What is in production is for production alone to say, whatever a playground holds.
  const said = base === PRODUCTION ? readOnlyStore(below, 'production') : workspace.store
  const run = await findRun(said, at, nameOf(pipeline.name, base))
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
  throw new CairnError('NOT_FOUND', `${pipeline.name} is no pipeline of ${project.root}`, {
    next: 'name its file under "cairn": { "pipelines": […] } in package.json',
  })
}

/** A run's name or path: `<run>` or `<pipeline>/<run>`. */
function nameOf(pipeline: string, base: string): string {
  return base.startsWith(`${pipeline}/`) ? base.slice(pipeline.length + 1) : base
}
