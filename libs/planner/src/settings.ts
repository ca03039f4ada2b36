import { fieldNames, type Graph } from '@cairn/kernel/contract'
import { CairnError, canonical } from '@cairn/kernel'

/** What a person sets: run parameters by their name, a step's by `<node>.<parameter>`, parts of one by its path. */
export type Settings = Readonly<Record<string, unknown>>

/**
 * Settings by their paths: `{ "train-model": { "trees": 400 } }` means `train-model.trees`, unless the pipeline has a
 * parameter of the name.
 *
 * @throws CairnError BAD_PARAMETER when one path is given two values
 */
export function flatSettings(graph: Graph, settings: Settings): Map<string, unknown> {
  const flat = new Map<string, unknown>()
  for (const [path, value] of spread(graph, settings)) {
    if (flat.has(path) && canonical(flat.get(path), path) !== canonical(value, path))
      throw new CairnError('BAD_PARAMETER', `${path} is set twice: ${text(flat.get(path))} and ${text(value)}`, {
        next: 'leave one of them out',
      })
    flat.set(path, value)
  }
  return flat
}

/** Settings with later ones over them: what is set later replaces what was set before, parts of it included. */
export function overlaid(graph: Graph, before: Settings, later: Settings): Settings {
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
      throw new CairnError(
        'BAD_PARAMETER',
        `${path} is both a parameter of ${section || graph.name} and a step of it`,
        {
          next: `write the step's parameters as "${path}.<name>"`,
        },
      )
    yield* spread(graph, value, path)
  }
}

function text(value: unknown): string {
  return JSON.stringify(value)
}
