import { CairnError, suggest } from '../errors.ts'
import type { Graph, Setting } from '../define/graph.ts'
import { parseParams } from '../define/schema.ts'
import { canonical, type Json } from '../json.ts'

type Params = Readonly<Record<string, Json>>

/** What a person sets: run parameters by their name, a step's by `<node>.<parameter>`. */
export type Settings = Readonly<Record<string, unknown>>

export interface ParsedParams {
  /** Of the pipeline itself (frame ``) and of each pipeline used inside it. */
  readonly frames: ReadonlyMap<string, Params>
  /** By node. */
  readonly nodes: ReadonlyMap<string, Params>
}

/** Every parameter's value: what is set by hand, else what the pipeline wires, else the schema's default. */
export async function parseAll(graph: Graph, settings: Settings): Promise<ParsedParams> {
  const set = bySection(graph, settings)
  const frames = new Map<string, Params>()
  const wired = (given: Readonly<Record<string, Setting>>) =>
    Object.fromEntries(
      Object.entries(given)
        .map(
          ([name, setting]) =>
            [name, 'param' in setting ? frames.get(setting.frame)![setting.param] : setting.value] as const,
        )
        .filter(([, value]) => value !== undefined),
    )
  for (const [frame, { params, given }] of graph.frames)
    frames.set(frame, await parse(params, { ...wired(given), ...set.get(frame) }, frame || graph.name))

  const nodes = new Map<string, Params>()
  for (const [id, node] of graph.nodes)
    if (node.type === 'step')
      nodes.set(id, await parse(node.step.definition.params, { ...wired(node.params), ...set.get(id) }, id))
  return { frames, nodes }
}

async function parse(
  schema: Parameters<typeof parseParams>[0],
  given: Record<string, unknown>,
  owner: string,
): Promise<Params> {
  const parsed = await parseParams(schema, given, owner)
  return JSON.parse(canonical(parsed, `the parameters of ${owner}`)) as Params
}

/** Sorts settings by the node, or the pipeline used inside, that they are for. */
function bySection(graph: Graph, settings: Settings): Map<string, Record<string, unknown>> {
  const sections = new Map<string, Record<string, unknown>>()
  for (const [path, value] of Object.entries(settings)) {
    const dot = path.lastIndexOf('.')
    const section = dot < 0 ? '' : path.slice(0, dot)
    if (section !== '' && graph.nodes.get(section)?.type !== 'step' && !graph.frames.has(section)) {
      const known = [
        ...[...graph.nodes].flatMap(([id, { type }]) => (type === 'step' ? [id] : [])),
        ...graph.frames.keys(),
      ]
      throw new CairnError('BAD_PARAMETER', `${graph.name} has no step "${section}"`, {
        next: suggest(section, known.filter(Boolean)),
      })
    }
    sections.set(section, { ...sections.get(section), [path.slice(dot + 1)]: value })
  }
  return sections
}
