import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fieldNames, type Graph } from '@cairn/kernel/contract'
import type { AnySchema } from '@cairn/kernel'
import { runNames } from '@cairn/workspace'
import { COMMANDS } from './commands.ts'
import { columnsOf, numericColumns } from './plot.ts'
import type { ReplSession } from './session.ts'

/** Completions of the last word, and the typed part of it. */
export type Completed = [string[], string]

export async function complete(session: ReplSession, line: string, folder = process.cwd()): Promise<Completed> {
  const words = line.trimStart().split(/\s+/)
  const typed = words.at(-1)!
  const [command, ...before] = words.slice(0, -1)
  const found: string[] =
    command === undefined ? [...COMMANDS.keys()] : await candidates(session, { command, before, typed, folder })
  return [found.filter((candidate) => candidate.startsWith(typed)), typed]
}

interface Typed {
  readonly command: string
  /** Complete words between the command and the last one. */
  readonly before: readonly string[]
  readonly typed: string
  /** The folder of relative paths. */
  readonly folder: string
}

async function candidates({ lab }: ReplSession, { command, before, typed, folder }: Typed): Promise<string[]> {
  const { workspace, loaded } = lab.session
  const { graph } = loaded.pipeline
  if (command === '.help') return [...COMMANDS.keys()]
  if (command === '.from' || command === '.until' || command === '.only') return [...graph.nodes.keys()]
  if (command === '.set' || command === '.matrix') return parameters(graph)
  if (command === '.swap') return swaps(graph, typed, folder)
  if (command === '.sample') return outputs(graph, ({ sample }) => sample !== undefined).map((output) => `${output}=`)
  if (command === '.items') return eachNames(graph).map((name) => `${name}=`)
  if (command === '.show') return outputs(graph, () => true)
  if (command === '.plot') return before.length === 0 ? outputs(graph, isTable) : columns(graph, before[0]!)
  if (command === '.diff') return diffs(graph, before)
  if (command === '.compare') return ['production', ...(await runNames(workspace.store, workspace.at(graph.name)))]
  return command === '.save' ? files(typed, folder) : []
}

/** `<step>.<parameter>=`, and run parameters by name. */
function parameters({ frames, nodes }: Graph): string[] {
  const ofFrames = [...frames].map(([id, { params }]) => namesOf(id, params))
  const ofSteps = [...nodes.values()].map((node) =>
    node.type === 'step' ? namesOf(node.id, node.step.definition.params) : [],
  )
  return [...ofFrames, ...ofSteps].flat()
}

function namesOf(id: string, params: AnySchema | undefined): string[] {
  return ((params && fieldNames(params)) ?? []).map((name) => `${id === '' ? name : `${id}.${name}`}=`)
}

function outputs(
  { nodes }: Graph,
  matches: (kind: { name: string; sample?: unknown; compare?: unknown }) => boolean,
): string[] {
  return [...nodes.values()].flatMap(({ id, outputs: kinds, scope }) =>
    scope.length > 0
      ? []
      : Object.entries(kinds).flatMap(([output, kind]) => (matches(kind) ? [`${id}/${output}`] : [])),
  )
}

function isTable(kind: { readonly name: string }): boolean {
  return columnsOf(kind) !== undefined
}

/** An output that can be compared, then the columns that can identify its rows. */
function diffs(graph: Graph, [place, ...more]: readonly string[]): string[] {
  if (place === undefined) return outputs(graph, ({ compare }) => compare !== undefined)
  return more.length === 0 ? ['by'] : Object.keys(columnsAt(graph, place))
}

function columns(graph: Graph, place: string): string[] {
  return numericColumns(columnsAt(graph, place))
}

function columnsAt({ nodes }: Graph, place: string): Readonly<Record<string, string>> {
  const [step = '', named] = place.split('/')
  const kinds = nodes.get(step)?.outputs ?? {}
  const kind = kinds[named ?? Object.keys(kinds)[0]!]
  return (kind && columnsOf(kind)) ?? {}
}

/** The name of an `each`, or of a step in it. */
function eachNames({ nodes }: Graph): string[] {
  return [...nodes.values()].filter(({ type, scope }) => type === 'each' || scope.length > 0).map(({ id }) => id)
}

/** `<step>=` first, and then files. */
function swaps({ nodes }: Graph, typed: string, folder: string): string[] {
  const at = typed.indexOf('=')
  if (at < 0) return [...nodes.values()].flatMap(({ id, type }) => (type === 'step' ? [`${id}=`] : []))
  return files(typed.slice(at + 1), folder).map((file) => typed.slice(0, at + 1) + file)
}

/** Folders and modules. */
function files(typed: string, folder: string): string[] {
  const inside = typed.endsWith('/') ? typed : typed.includes('/') ? `${dirname(typed)}/` : ''
  const isHidden = (name: string) =>
    name === 'node_modules' || (name.startsWith('.') && !basename(typed).startsWith('.'))
  try {
    return readdirSync(join(folder, inside), { withFileTypes: true }).flatMap((entry) => {
      if (isHidden(entry.name)) return []
      if (entry.isDirectory()) return [`${inside}${entry.name}/`]
      return /\.m?[jt]s$/.test(entry.name) ? [inside + entry.name] : []
    })
  } catch {
    return [] // no such folder
  }
}
