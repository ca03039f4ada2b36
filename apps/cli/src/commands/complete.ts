import { pipelineNames } from '@cairn/records'
import { fieldNames } from '@cairn/kernel/contract'
import { itemsIn } from '@cairn/engine'
import type { Pipeline } from '@cairn/kernel'
import { Stack } from '../local/stack.ts'
import {
  allPipelines,
  contextFolder,
  contextNames,
  findProject,
  findRun,
  ItemNames,
  loadPipeline,
  readRun,
  recentRuns,
  runNames,
  Workspace,
} from '@cairn/workspace'
import { COMMANDS } from '../command-names.ts'
import { printData } from '../terminal/print.ts'
import { TEMPLATES } from '../templates.ts'

const REQUEST = ['--set', '--params', '--from', '--until', '--base', '--force']
const PLAY = [
  '--swap',
  '--only',
  '--sample',
  '--items',
  '--matrix',
  '--by',
  '--lowest',
  '--at-run-code',
  '--plan',
  '--watch',
]
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  run: [...REQUEST, '--plan', '--jobs', '--out', '--progress', '--detach'],
  plan: [...REQUEST, '--save'],
  play: [...REQUEST.filter((option) => option !== '--force'), ...PLAY, '--jobs', '--progress'],
  explore: ['--base', '--at-run-code', '--progress'],
  playgrounds: ['--delete'],
  parity: ['--step', '--against', '--twice'],
  promote: ['--by', '--progress'],
  rollback: ['--by'],
  why: REQUEST,
  cat: ['--rows', '--raw', '--out'],
  diff: ['--of', '--key', '--data', '--rows'],
  graph: ['--mermaid'],
  follow: ['--progress'],
  push: ['--runs'],
  pull: ['--runs'],
  up: ['--docker'],
  logs: ['--follow', '--lines'],
  runs: ['--number'],
  'dead-letters': ['--number', '--all', '--group', '--run'],
  gc: ['--keep-runs', '--keep', '--grace', '--dry-run'],
  doctor: ['--repair'],
  new: ['--in'],
}

const TAKE_PATHS: ReadonlySet<string> = new Set(['promote', 'show', 'cat', 'diff', 'follow', 'cancel', 'push', 'pull'])

/** `cairn complete -- <words>`: prints completions of the last word, one per line. */
export default async function complete(words: readonly string[]): Promise<void> {
  const typed = words.at(-1) ?? ''
  for (const candidate of await candidates(words.slice(0, -1), typed))
    if (candidate.startsWith(typed)) printData(candidate)
}

async function candidates(before: readonly string[], typed: string): Promise<readonly string[]> {
  const [command, ...given] = before
  if (command === undefined) return COMMANDS
  const workspace = new Workspace(findProject(process.cwd()))
  const option = before.at(-1)
  const pipeline = given.find((word) => !word.startsWith('-'))
  if (option === '--from' || option === '--until' || option === '--force' || option === '--only' || option === '--step')
    return stepNames(await theirPipeline(workspace, pipeline))
  if (option === '--playground' || option === '--delete') return playgroundNames(workspace)
  if (option === '--set' || option === '--matrix') return settings(await theirPipeline(workspace, pipeline))
  if (option === '--base' || option === '--against' || option === '--plan')
    return pipeline === undefined ? [] : runNames(workspace.store, workspace.at(pipeline))
  if (option === '--on') return contextNames(contextFolder(workspace.project.root))
  if (option === '--progress') return ['live', 'plain', 'none']
  if (typed.startsWith('-'))
    return [...(OPTIONS[command] ?? []), '--json', '--project', '--store', '--on', '--playground', '--help']
  if (TAKE_PATHS.has(command)) return paths(workspace, typed)
  if (command === 'logs')
    return [...new Stack(workspace.project.root).services.map(({ name }) => name), ...(await paths(workspace, typed))]
  if (command === 'dead-letters' && given.length === 0) return ['list', 'show', 'replay', 'drop', 'export']
  if (command === 'new') return given.length === 0 ? Object.keys(TEMPLATES) : []
  if (command === 'completion') return ['bash', 'zsh', 'fish']
  if (command === 'why' && pipeline !== undefined) {
    const loaded = await theirPipeline(workspace, pipeline)
    const [step = '', item] = typed.split('/')
    if (!loaded || item === undefined) return stepNames(loaded)
    const at = workspace.at(pipeline)
    for await (const { plan } of recentRuns(workspace.store, at))
      if (step in plan.nodes)
        return (await itemPaths(workspace, loaded, plan.run, step)).map((name) => `${step}/${name}`)
    return []
  }
  return (await allPipelines(workspace.project)).map(({ pipeline }) => pipeline.name)
}

async function theirPipeline({ project }: Workspace, name: string | undefined): Promise<Pipeline | undefined> {
  if (name !== undefined) return (await loadPipeline(project, name)).pipeline
  const all = await allPipelines(project)
  return all.length === 1 ? all[0]!.pipeline : undefined
}

async function playgroundNames({ project }: Workspace): Promise<string[]> {
  const { listPlaygrounds } = await import('@cairn/explore')
  return listPlaygrounds(project).map(({ name }) => name)
}

function stepNames(pipeline: Pipeline | undefined): string[] {
  return [...(pipeline?.graph.nodes ?? [])].flatMap(([id, { type }]) => (type === 'step' ? [id] : []))
}

function settings(pipeline: Pipeline | undefined): string[] {
  const names: string[] = []
  for (const [frame, { params }] of pipeline?.graph.frames ?? [])
    for (const field of (params && fieldNames(params)) ?? []) names.push(frame ? `${frame}.${field}=` : `${field}=`)
  for (const [id, node] of pipeline?.graph.nodes ?? [])
    if (node.type === 'step' && node.step.definition.params)
      for (const field of fieldNames(node.step.definition.params) ?? []) names.push(`${id}.${field}=`)
  return names
}

/** Maximum number of items to offer. */
const ITEMS = 50

/** The items of a step in a run, by index. */
async function itemPaths(
  workspace: Workspace,
  { name, graph }: Pipeline,
  run: string,
  step: string,
): Promise<string[]> {
  const { store } = workspace
  const at = workspace.at(name)
  const node = graph.nodes.get(step)
  if (node?.type !== 'step' || node.scope.length === 0) return []
  const { plan } = await readRun(store, at, await findRun(store, at, run))
  const items = await itemsIn(store, at, plan, step)
  const names = new ItemNames(items)
  return items.slice(0, ITEMS).map((item) => names.of(item))
}

/** `<pipeline>/<run>/<step>[/<item>]/<output>`, one part at a time. */
async function paths(workspace: Workspace, typed: string): Promise<string[]> {
  const { store, project } = workspace
  const parts = typed.split('/')
  const [pipeline = '', run = ''] = parts
  if (parts.length === 1) return (await pipelineNames(store, project.env)).map((name) => `${name}/`)
  const at = workspace.at(pipeline)
  if (parts.length === 2) return ['latest', ...(await runNames(store, at))].map((name) => `${pipeline}/${name}`)
  const loaded = await loadPipeline(project, pipeline)
  if (parts.length === 3) return stepNames(loaded.pipeline).map((id) => `${pipeline}/${run}/${id}`)
  const node = loaded.pipeline.graph.nodes.get(parts[2]!)
  const outputs = node?.outputs ?? {}
  if (node?.type === 'step' && node.scope.length > 0 && parts.length === 4)
    return (await itemPaths(workspace, loaded.pipeline, run, node.id)).map((name) =>
      [...parts.slice(0, 3), name].join('/'),
    )
  if (node && node.scope.length > 0)
    return Object.keys(outputs).map((output) => [...parts.slice(0, -1), output].join('/'))
  return Object.keys(outputs).map((output) => [...parts.slice(0, 3), output].join('/'))
}
