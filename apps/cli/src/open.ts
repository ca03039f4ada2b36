import { resolve } from 'node:path'
import { CairnError } from '@cairn/kernel'
import { mergedSettings, readSetting, type Settings } from '@cairn/planner'
import type { Graph } from '@cairn/kernel/contract'
import {
  allPipelines,
  contextStore,
  findProject,
  loadPipeline,
  readContext,
  Workspace,
  type LoadedPipeline,
  type RunRequest,
} from '@cairn/workspace'
import { reportFetch } from './fetch-notes.ts'
import type { GlobalOptions } from './global-options.ts'
import { exitOnUncaughtErrors } from './uncaught-errors.ts'

/** The project with its store, and the playground on top of it if one is given. */
export async function openWorkspace({ playground, ...options }: GlobalOptions): Promise<Workspace> {
  const workspace = await openProduction(options)
  if (playground === undefined) return workspace
  const { findPlayground, playgroundStore } = await import('@cairn/explore')
  const { project, store } = workspace
  const { name } = findPlayground(project, playground)
  return new Workspace(project, playgroundStore(project, name, store), name)
}

/** The project with its own store, or with `--on` the store of the context's services. */
export async function openProduction({
  project: folder = process.cwd(),
  store = process.env['CAIRN_STORE'],
  on,
  json = false,
}: GlobalOptions): Promise<Workspace> {
  const found = findProject(folder)
  exitOnUncaughtErrors(found.root, { json })
  const project = store === undefined ? found : { ...found, store: resolve(store) }
  if (on === undefined) return new Workspace(project)
  const context = readContext(found.root, on)
  return new Workspace({ ...project, env: context.env }, await contextStore(project, context, { onFetch: reportFetch }))
}

/** The named pipeline, or the project's only one. */
export async function openPipeline({ project }: Workspace, name: string | undefined): Promise<LoadedPipeline> {
  if (name !== undefined) return loadPipeline(project, name)
  const all = await allPipelines(project)
  if (all.length === 1) return loadPipeline(project, all[0]!.pipeline.name)
  const names = all.map(({ pipeline }) => pipeline.name)
  throw new CairnError(
    'NOT_FOUND',
    names.length === 0 ? 'the project has no pipelines' : 'the project has several pipelines',
    {
      next: names.length === 0 ? 'cairn new pipeline <name>' : `name one: ${names.join(', ')}`,
    },
  )
}

export interface RequestOptions {
  readonly set?: readonly string[]
  readonly params?: string | undefined
  readonly from?: readonly string[]
  readonly until?: readonly string[]
  readonly base?: string
  readonly force?: readonly string[]
}

/** @param graph the local pipeline, whose schemas parse typed values */
export async function requestOf(
  { set = [], params, from = [], until = [], base, force = [] }: RequestOptions,
  graph: Graph,
): Promise<RunRequest> {
  return { settings: await settingsOf({ set, params }, graph), from, until, force, ...(base !== undefined && { base }) }
}

/** Options override the parameters of a file. */
export async function settingsOf(
  { set = [], params }: Pick<RequestOptions, 'set' | 'params'>,
  graph: Graph,
): Promise<Settings> {
  const typed = typedSettings(set, graph)
  if (params === undefined) return typed
  const { readParams } = await import('./params-file.ts')
  return mergedSettings(graph, readParams(params), typed)
}

/** In the given order: later settings override earlier ones. */
export function typedSettings(set: readonly string[], graph: Graph): Settings {
  const typed = set.map((setting): Settings => {
    const at = setting.indexOf('=')
    if (at < 1)
      throw new CairnError('BAD_PARAMETER', `--set ${setting} has no value`, {
        next: 'write it like --set train-model.trees=400',
      })
    const path = setting.slice(0, at)
    return { [path]: readSetting(graph, path, setting.slice(at + 1)) }
  })
  return typed.reduce((before, later) => mergedSettings(graph, before, later), {})
}

/** The reader's time zone. Call it before a run starts, as bodies compute in UTC. */
export function timeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}
