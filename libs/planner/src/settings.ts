import { fieldNames, type Graph } from '@cairn/kernel/contract'
import { CairnError, canonical } from '@cairn/kernel'
import { parameterAt, schemaAt } from './parameter-path.ts'
import { readText } from './read-text.ts'

/** Parameters set by hand: those of the run by name, a step's as `<node>.<parameter>`, parts of one by path. */
export type Settings = Readonly<Record<string, unknown>>

/**
 * Flattens settings to paths: `{ "train-model": { "trees": 400 } }` means `train-model.trees`.
 *
 * @throws CairnError BAD_PARAMETER when a path is set to two values, or a name is both a parameter and a step
 */
export function flatSettings(graph: Graph, settings: Settings): Map<string, unknown> {
  const flat = new Map<string, unknown>()
  for (const [path, value] of spread(graph, settings)) {
    if (flat.has(path) && canonical(flat.get(path), path) !== canonical(value, path))
      throw new CairnError('BAD_PARAMETER', `${path} is set twice: ${text(flat.get(path))} and ${text(value)}`, {
        next: 'remove one of them',
      })
    flat.set(path, value)
  }
  return flat
}

/**
 * Reads the text of a setting as a value of the parameter that its path names.
 *
 * @throws CairnError BAD_PARAMETER when there is no such parameter, or the text is not a value of it
 */
export function readSetting(graph: Graph, path: string, text: string): unknown {
  return readText(text, schemaAt(graph, parameterAt(graph, path)), path)
}

/** Merges settings. Later ones replace earlier ones of the same path and of paths inside it. */
export function mergedSettings(graph: Graph, before: Settings, later: Settings): Settings {
  const over = flatSettings(graph, later)
  const isReplaced = (path: string) => [...over.keys()].some((other) => path === other || path.startsWith(`${other}.`))
  const kept = [...flatSettings(graph, before)].filter(([path]) => !isReplaced(path))
  return Object.fromEntries([...kept, ...over])
}

function* spread(graph: Graph, fields: object, section = ''): Generator<[path: string, value: unknown]> {
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    const path = section === '' ? name : `${section}.${name}`
    const isSection = graph.nodes.get(path)?.type === 'step' || (path !== '' && graph.frames.has(path))
    if (!isSection || typeof value !== 'object' || value === null || Array.isArray(value)) {
      yield [path, value]
      continue
    }
    const { params } = graph.frames.get(section) ?? {}
    if (params && fieldNames(params)?.includes(name))
      throw new CairnError('BAD_PARAMETER', `${path} is both a parameter and a step of ${section || graph.name}`, {
        next: `for a parameter of the step, write "${path}.<name>"`,
      })
    yield* spread(graph, value, path)
  }
}

function text(value: unknown): string {
  return JSON.stringify(value)
}
