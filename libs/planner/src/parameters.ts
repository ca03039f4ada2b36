import { CairnError, canonical, type Json } from '@cairn/kernel'
import { parseParams, type Graph, type Setting } from '@cairn/kernel/contract'
import { definition, parameterAt, schemaAt, unknownIn, type ParameterPlace } from './parameter-path.ts'
import { flatSettings, type Settings } from './settings.ts'

type Params = Readonly<Record<string, Json>>

export interface ParsedParams {
  /** By frame: the pipeline itself (empty name), and each pipeline used inside it. */
  readonly frames: ReadonlyMap<string, Params>
  /** By node. */
  readonly nodes: ReadonlyMap<string, Params>
}

/**
 * Parses all parameters. A value is what was set by hand, or else what the pipeline passes, or else the schema's
 * default.
 */
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
  const all = (section: string, given: Readonly<Record<string, Setting>>) => {
    const { whole = {}, parts = [] } = set.get(section) ?? {}
    const values = withParts(graph, { ...wired(given), ...whole }, parts)
    for (const name of new Set([...Object.keys(whole), ...parts.map(([place]) => place.name)]))
      refuseUnknown(graph, section, name, values[name])
    return values
  }
  for (const [frame, { params, given }] of graph.frames)
    frames.set(frame, await parse(params, all(frame, given), frame || graph.name, frame))

  const nodes = new Map<string, Params>()
  for (const [id, node] of graph.nodes)
    if (node.type === 'step') nodes.set(id, await parse(node.step.definition.params, all(id, node.params), id))
  return { frames, nodes }
}

async function parse(
  schema: Parameters<typeof parseParams>[0],
  given: Record<string, unknown>,
  owner: string,
  section = owner,
): Promise<Params> {
  const parsed = await parseParams(schema, given, owner, section)
  return JSON.parse(canonical(parsed, `the parameters of ${owner}`)) as Params
}

/** What is set on a node or on a pipeline used inside: whole parameters, and parts of parameters. */
interface Section {
  readonly whole: Record<string, unknown>
  readonly parts: [place: ParameterPlace, value: unknown][]
}

function bySection(graph: Graph, settings: Settings): Map<string, Section> {
  const sections = new Map<string, Section>()
  for (const [path, value] of flatSettings(graph, settings)) {
    const place = parameterAt(graph, path)
    const section = sections.get(place.section) ?? { whole: {}, parts: [] }
    sections.set(place.section, section)
    if (place.inside.length > 0) section.parts.push([place, value])
    else section.whole[place.name] = value
  }
  return sections
}

function refuseUnknown(graph: Graph, section: string, name: string, value: unknown): void {
  const path = section === '' ? name : `${section}.${name}`
  const unknown = unknownIn(schemaAt(graph, { section, name, inside: [] }), value, path)
  if (unknown !== undefined)
    throw new CairnError('BAD_PARAMETER', `${path} has no field ${unknown.slice(path.length + 1)}`, {
      next: `see the params of the step for the fields of ${path}: cairn graph ${graph.name}`,
    })
}

/** Applies parts to parameters: to the value that is passed or set as a whole, or else to the schema's default. */
function withParts(
  graph: Graph,
  given: Readonly<Record<string, unknown>>,
  parts: Section['parts'],
): Record<string, unknown> {
  const changed: Record<string, unknown> = { ...given }
  for (const [place, value] of parts) {
    const { section, name, inside } = place
    const path = `${section === '' ? '' : `${section}.`}${name}`
    const defaultAt = (words: readonly string[]) => defaultOf(schemaAt(graph, { section, name, inside: words }))
    const current = Object.hasOwn(changed, name) ? changed[name] : undefined
    changed[name] = withPart(current, { path, defaultAt, before: [], inside }, value)
  }
  return changed
}

/** Returns the default of a schema; an empty list for a list without one. */
function defaultOf(schema: Json | undefined): Json | undefined {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return undefined
  const {
    default: given,
    type,
    $ref,
  } = schema as { readonly default?: Json; readonly type?: Json; readonly $ref?: string }
  if (given !== undefined) return given
  if ($ref !== undefined) return defaultOf(definition(schema, $ref))
  return type === 'array' ? [] : undefined
}

interface ValuePart {
  readonly path: string
  readonly defaultAt: (words: readonly string[]) => Json | undefined
  /** Fields already followed inside the parameter's value; `inside` holds those that remain. */
  readonly before: readonly string[]
  readonly inside: readonly string[]
}

/**
 * Sets a part of a value.
 *
 * @param given the current value; when undefined, the part is set on the default there
 */
function withPart(given: unknown, { path, defaultAt, before, inside }: ValuePart, value: unknown): unknown {
  const [field, ...deeper] = inside
  if (field === undefined) return value
  const inner = { path: `${path}.${field}`, defaultAt, before: [...before, field], inside: deeper }
  const current = given === undefined ? defaultAt(before) : given
  if (Array.isArray(current)) {
    const index = /^\d+$/.test(field) ? Number(field) : NaN
    if (!(index <= current.length))
      throw new CairnError(
        'BAD_PARAMETER',
        `${inner.path}: ${path} is a list of ${current.length} items and has no item "${field}"`,
        {
          next: `set ${path}.<index>, from 0 to ${current.length}`,
        },
      )
    return current.toSpliced(index, 1, withPart(current[index], inner, value))
  }
  if (current !== undefined && (typeof current !== 'object' || current === null))
    throw new CairnError('BAD_PARAMETER', `${inner.path}: ${path} is ${JSON.stringify(current)}, which has no fields`, {
      next: `set the whole value of ${path}`,
    })
  const fields = (current ?? {}) as Readonly<Record<string, unknown>>
  const own = Object.hasOwn(fields, field) ? fields[field] : undefined
  return Object.fromEntries([...Object.entries(fields), [field, withPart(own, inner, value)]])
}
