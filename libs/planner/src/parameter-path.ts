import { CairnError, suggest, type AnySchema, type Json } from '@cairn/kernel'
import { fieldNames, inputSchema, type Graph } from '@cairn/kernel/contract'

/** The parameter that a path leads to, such as `train-model.trees`, `split.share.of-test` or `names.0`. */
export interface ParameterPlace {
  /** The node, or the pipeline used inside; empty for the pipeline itself. */
  readonly section: string
  readonly name: string
  /** Path of the whole parameter. */
  readonly parameter: string
  /** Fields and indices inside the parameter's value. */
  readonly inside: readonly string[]
}

/**
 * Finds the parameter that a path names.
 *
 * @throws CairnError BAD_PARAMETER when there is none, or the path is ambiguous
 */
export function parameterAt(graph: Graph, path: string): ParameterPlace {
  const words = path.split('.')
  if (words.includes('__proto__'))
    throw new CairnError('BAD_PARAMETER', `${path} is not a parameter: __proto__ is not allowed in its name`, {
      next: `cairn graph ${graph.name}`,
    })
  const found: ParameterPlace[] = []
  for (let at = 0; at < words.length; at++) {
    const section = words.slice(0, at).join('.')
    if (!isSection(graph, section)) continue
    const known = namesIn(graph, section)
    for (let end = at + 1; end <= words.length; end++) {
      const name = words.slice(at, end).join('.')
      if (known ? known.includes(name) : end === at + 1) found.push(placeIn(section, name, words.slice(end)))
    }
  }
  const [only, ...others] = found
  if (others.length > 0)
    throw new CairnError('BAD_PARAMETER', `${path} is ambiguous: ${found.map(placeText).join(', or ')}`, {
      next: 'rename one of the parameters, or set the whole parameter with --params',
    })
  return only ?? unknownPlace(graph, path)
}

function placeIn(section: string, name: string, inside: readonly string[] = []): ParameterPlace {
  return { section, name, parameter: section === '' ? name : `${section}.${name}`, inside }
}

/**
 * Handles a path without a known parameter. If its step exists, the place is returned and refused later, with the names
 * that exist.
 *
 * @throws CairnError BAD_PARAMETER when the step is unknown, or only other sections have the parameter
 */
function unknownPlace(graph: Graph, path: string): ParameterPlace {
  const dot = path.lastIndexOf('.')
  const section = path.slice(0, Math.max(dot, 0))
  const name = path.slice(dot + 1)
  if (isSection(graph, section)) {
    refuseMisplaced(graph, section, name)
    return placeIn(section, name)
  }
  const steps = [...graph.nodes].flatMap(([id, { type }]) => (type === 'step' ? [id] : []))
  const [first = ''] = path.split('.')
  const nearest = [...steps, ...graph.frames.keys()]
    .filter((id) => id !== '' && path.startsWith(`${id}.`))
    .sort()
    .at(-1)
  if (nearest !== undefined) return placeIn(nearest, path.slice(nearest.length + 1))
  throw new CairnError('BAD_PARAMETER', `${graph.name} has no step "${section}"`, {
    next: suggest(steps.includes(first) ? first : section, [...steps, ...graph.frames.keys()].filter(Boolean)),
  })
}

/** Refuses a parameter that this section lacks and others have. */
function refuseMisplaced(graph: Graph, section: string, name: string): void {
  const owners = [...graph.frames.keys(), ...graph.nodes.keys()].filter((id) => namesIn(graph, id)?.includes(name))
  if (owners.length === 0) return
  const paths = owners.map((owner) => placeIn(owner, name).parameter)
  throw new CairnError('BAD_PARAMETER', `${section || graph.name} has no parameter "${name}"`, {
    next: `--set ${paths.slice(0, 4).join('=…, or ')}=…`,
  })
}

function isSection(graph: Graph, section: string): boolean {
  return graph.nodes.get(section)?.type === 'step' || graph.frames.has(section)
}

function namesIn(graph: Graph, section: string): string[] | undefined {
  const schema = schemaOf(graph, section)
  return schema ? fieldNames(schema) : []
}

function schemaOf(graph: Graph, section: string): AnySchema | undefined {
  const node = graph.nodes.get(section)
  return node?.type === 'step' ? node.step.definition.params : graph.frames.get(section)?.params
}

function placeText({ section, name, inside }: ParameterPlace): string {
  const owner = section === '' ? `the pipeline's parameter ${name}` : `parameter ${name} of ${section}`
  return inside.length > 0 ? `${inside.join('.')} in ${owner}` : owner
}

/** Returns the JSON Schema at a path; undefined when it is not known. */
export function schemaAt(
  graph: Graph,
  { section, name, inside }: Pick<ParameterPlace, 'section' | 'name' | 'inside'>,
): Json | undefined {
  const whole = schemaOf(graph, section)
  const root = whole && inputSchema(whole)
  let found: Json | undefined = root
  for (const word of [name, ...inside]) found = found === undefined ? undefined : fieldOf(root!, found, word)
  return found === undefined ? undefined : withDefinitions(root!, found)
}

interface Shape {
  readonly properties?: Readonly<Record<string, Json>>
  readonly additionalProperties?: Json
  readonly items?: Json
  readonly prefixItems?: readonly Json[]
  readonly anyOf?: readonly Json[]
  readonly oneOf?: readonly Json[]
  readonly allOf?: readonly Json[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Json>>
}

function fieldOf(root: Json, schema: Json, word: string): Json | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined
  const shape = schema as Shape
  if (shape.$ref !== undefined) return fieldOf(root, definition(root, shape.$ref) ?? null, word)
  if (shape.properties && Object.hasOwn(shape.properties, word)) return shape.properties[word]
  if (/^\d+$/.test(word) && (shape.prefixItems?.[Number(word)] ?? shape.items) !== undefined)
    return shape.prefixItems?.[Number(word)] ?? shape.items
  const parts = [...(shape.anyOf ?? []), ...(shape.oneOf ?? []), ...(shape.allOf ?? [])]
  const inner = parts.map((part) => fieldOf(root, part, word)).filter((part) => part !== undefined)
  if (inner.length > 0) return inner.length === 1 ? inner[0] : { anyOf: inner }
  const { additionalProperties: others } = shape
  if (others !== undefined && others !== false) return others === true ? {} : others
  return isOpen(schema) ? {} : undefined
}

/** Whether a schema places no constraint on values. */
function isOpen(schema: object): boolean {
  return !['type', 'anyOf', 'oneOf', 'allOf', 'enum', 'const'].some((word) => word in schema)
}

/**
 * Returns the path of the first field that the schema does not have. Most schema libraries drop such a field silently.
 */
export function unknownIn(schema: Json | undefined, value: unknown, path: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Object.hasOwn(value, '__proto__')) return `${path}.__proto__`
  if (schema === undefined) return undefined
  for (const [word, inner] of Object.entries(value)) {
    const field = fieldOf(schema, schema, word)
    if (field === undefined && takesFields(schema)) return `${path}.${word}`
    const found = field === undefined ? undefined : unknownIn(withDefinitions(schema, field), inner, `${path}.${word}`)
    if (found !== undefined) return found
  }
  return undefined
}

function takesFields(schema: Json): boolean {
  return typeof schema === 'object' && schema !== null && ('properties' in schema || 'anyOf' in schema)
}

export function definition(root: Json, ref: string): Json | undefined {
  return ref === '#' ? root : (root as Shape).$defs?.[ref.replace('#/$defs/', '')]
}

function withDefinitions(root: Json, schema: Json): Json {
  const { $defs } = root as Shape
  return $defs && typeof schema === 'object' && schema !== null && !Array.isArray(schema)
    ? { ...(schema as Readonly<Record<string, Json>>), $defs }
    : schema
}
