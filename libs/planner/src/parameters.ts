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
  const wired = (given: Readonly<Record<string, Setting>>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(given)
        .map(
          ([name, setting]) =>
            [name, 'param' in setting ? frames.get(setting.frame)![setting.param] : setting.value] as const,
        )
        .filter(([, value]) => value !== undefined),
    )
  const valuesOf = (section: string, given: Readonly<Record<string, Setting>>) => {
    const values = wired(given)
    for (const { place, whole, parts } of set.get(section)?.values() ?? []) {
      if (whole) values[place.name] = whole.value
      applyParts(graph, values, place, parts)
      refuseUnknown(graph, place, values[place.name])
    }
    return values
  }
  for (const [frame, { params, given }] of graph.frames)
    frames.set(frame, await parse(params, valuesOf(frame, given), frame || graph.name, frame))

  const nodes = new Map<string, Params>()
  for (const [id, node] of graph.nodes)
    if (node.type === 'step') nodes.set(id, await parse(node.step.definition.params, valuesOf(id, node.params), id))
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

/** What is set of one parameter: the whole value, parts of it, or both. */
interface SetParameter {
  readonly place: ParameterPlace
  whole?: { readonly value: unknown }
  readonly parts: { readonly inside: readonly string[]; readonly value: unknown }[]
}

/** Finds the parameter of each setting. By node or pipeline used inside, then by the name of the parameter. */
function bySection(graph: Graph, settings: Settings): Map<string, Map<string, SetParameter>> {
  const sections = new Map<string, Map<string, SetParameter>>()
  for (const [path, value] of flatSettings(graph, settings)) {
    const place = parameterAt(graph, path)
    const section = sections.get(place.section) ?? new Map<string, SetParameter>()
    sections.set(place.section, section)
    const parameter = section.get(place.name) ?? { place, parts: [] }
    section.set(place.name, parameter)
    if (place.inside.length > 0) parameter.parts.push({ inside: place.inside, value })
    else parameter.whole = { value }
  }
  return sections
}

function refuseUnknown(graph: Graph, { section, name, parameter }: ParameterPlace, value: unknown): void {
  const unknown = unknownIn(schemaAt(graph, { section, name, inside: [] }), value, parameter)
  if (unknown !== undefined)
    throw new CairnError('BAD_PARAMETER', `${parameter} has no field ${unknown.slice(parameter.length + 1)}`, {
      next: `see the params of the step for the fields of ${parameter}: cairn graph ${graph.name}`,
    })
}

/** Applies parts to a parameter: to the value that is passed or set as a whole, or else to the schema's default. */
function applyParts(
  graph: Graph,
  values: Record<string, unknown>,
  { section, name, parameter }: ParameterPlace,
  parts: SetParameter['parts'],
): void {
  const defaultAt = (inside: readonly string[]) => defaultOf(schemaAt(graph, { section, name, inside }))
  for (const { inside, value } of parts) {
    const current = Object.hasOwn(values, name) ? values[name] : undefined
    values[name] = withPart(current, { path: parameter, defaultAt, before: [], inside }, value)
  }
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
