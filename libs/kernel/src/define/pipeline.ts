import { currentBuilder, GraphBuilder } from './graph-builder.ts'
import { checkFields, checkKeys, checkName, type NodeOptions } from './names.ts'
import { CairnError, suggest } from '../errors.ts'
import type { Graph } from './graph.ts'
import { namedFields, type Handle, type Handles, type Param } from './handle.ts'
import type { Kinds } from './kind.ts'
import { checkOptions, takes, type Options } from './options.ts'
import { literalsIn, requireStableGraph, type BuiltGraph, type Probe } from './probe.ts'
import { fieldNames, type AnySchema, type Schema, type SchemaInput, type SchemaOutput } from './schema.ts'
import type { StepArguments, Wired } from './step-definition.ts'

/** The parameters and inputs of a pipeline. */
export interface PipelineDefinition<I extends Kinds, S extends AnySchema> {
  /** The schema of the run parameters. */
  readonly params?: S
  /** The kinds of its inputs, by name. A pipeline with inputs can only be used inside another one. */
  readonly inputs?: I
}
export type ParamsOf<Values> = { readonly [Name in keyof Values]-?: Param<Values[Name]> }

/** A pipeline. Call it inside the body of another pipeline to use it there. */
export interface Pipeline<
  I extends Kinds = any,
  S extends AnySchema = any,
  R extends Readonly<Record<string, Handle<unknown>>> = any,
> {
  (inputs: Wired<I>, ...rest: StepArguments<SchemaInput<S>>): R
  /** The graph, built when it is first read. */
  readonly graph: Graph
  readonly definition: PipelineDefinition<I, S>
}

type Body<I extends Kinds, S extends AnySchema, R> = (given: ParamsOf<SchemaOutput<S>> & Handles<I>) => R

/**
 * Declares a pipeline. Its body builds the graph: it runs with handles in place of parameters and outputs, never with
 * values.
 * @throws CairnError BAD_DEFINITION for a wrong name or definition
 * @throws CairnError BAD_DEFINITION or BAD_WIRING when `graph` is read, for a mistake in the body
 * @example
 * export const flightDelays = pipeline('flight-delays', { params: z.object({ year: z.number() }) }, ({ year }) => {
 *   const { flights } = loadFlights({}, { year })
 *   return extractFeatures({ flights })
 * })
 */
export function pipeline<R extends Readonly<Record<string, Handle<unknown>>>>(
  name: string,
  body: () => R,
): Pipeline<{}, Schema<{}, {}>, R>
export function pipeline<
  R extends Readonly<Record<string, Handle<unknown>>>,
  I extends Kinds = {},
  S extends AnySchema = Schema<{}, {}>,
>(name: string, definition: PipelineDefinition<I, S>, body: Body<I, S, R>): Pipeline<I, S, R>
export function pipeline(
  name: string,
  ...rest: [body: AnyBody] | [definition: PipelineDefinition<Kinds, AnySchema>, body: AnyBody]
): Pipeline {
  checkName(name, 'the name of a pipeline')
  const [definition, body] = rest.length === 1 ? [{}, rest[0]] : rest
  checkOptions(definition, OPTIONS, `pipeline "${name}"`)
  if (typeof body !== 'function')
    throw new CairnError('BAD_DEFINITION', `pipeline ${name} has no body`, {
      next: `write it like pipeline('${name}', { params }, (given) => …)`,
    })
  const inputs = definition.inputs ?? {}
  const names = definition.params && fieldNames(definition.params)
  checkFields(inputs, `an input of pipeline ${name}`)
  checkKeys(names ?? [], `a parameter of pipeline ${name}`)
  for (const input of Object.keys(inputs))
    if (names?.includes(input))
      throw new CairnError('BAD_DEFINITION', `"${input}" is both an input and a parameter of pipeline ${name}`)

  const given = (builder: GraphBuilder, frame: string, handles: Record<string, unknown>) =>
    new Proxy(frameParams(builder, frame, names), {
      get: (params, key, receiver) =>
        Object.hasOwn(handles, key) ? handles[key as string] : Reflect.get(params, key, receiver),
    })

  const use = (
    wired: Record<string, unknown> = {},
    params: Record<string, unknown> = {},
    options: NodeOptions = {},
  ) => {
    const builder = currentBuilder(name)
    builder.wire(inputs, wired, name)
    const frame = builder.name(name, options)
    return builder.within(frame, definition.params, builder.settings(params, name, definition.params), () =>
      body(given(builder, frame, wired)),
    )
  }
  return Object.defineProperties(use as unknown as Pipeline, {
    name: { value: name },
    definition: { value: definition },
    graph: { get: once(() => buildAlone(name, definition, (builder) => body(given(builder, '', {}))).graph) },
    [BUILD]: {
      value: (probe?: Probe) => buildAlone(name, definition, (builder) => body(given(builder, '', {})), probe),
    },
    [TEXT]: { value: () => Function.prototype.toString.call(body) },
    [PIPELINE]: { value: true },
  })
}
const OPTIONS: Options = {
  params: takes.schema,
  inputs: takes.named,
}
type AnyBody = (given: any) => Readonly<Record<string, Handle<unknown>>>

const PIPELINE = Symbol.for('cairn.pipeline')
const BUILD = Symbol.for('cairn.build')
const TEXT = Symbol.for('cairn.text')

/** @throws CairnError BAD_DEFINITION for a pipeline whose body tests a handle for truth, type or equality */
export function requireStableGraphOf(pipeline: Pipeline): void {
  const buildable = pipeline as unknown as { [BUILD]: (probe?: Probe) => BuiltGraph; [TEXT]: () => string }
  requireStableGraph(buildable[BUILD](), buildable[BUILD], literalsIn(buildable[TEXT]()))
}

/** Whether a value was made by {@link pipeline}. */
export function isPipeline(value: unknown): value is Pipeline {
  return typeof value === 'function' && PIPELINE in value
}

/** Handles of a frame's parameters. If the schema does not list its fields, any name is accepted until planning. */
function frameParams(
  builder: GraphBuilder,
  frame: string,
  names: readonly string[] | undefined,
): Record<string, Param<never>> {
  const none: Record<string, Param<never>> = {}
  return new Proxy(none, {
    get(_, param) {
      if (typeof param !== 'string') return undefined
      if (names && !names.includes(param))
        throw new CairnError('BAD_WIRING', `the pipeline has no parameter "${param}"`, { next: suggest(param, names) })
      return builder.param({ param, frame })
    },
  })
}

function buildAlone(
  name: string,
  definition: PipelineDefinition<Kinds, any>,
  body: (builder: GraphBuilder) => Record<string, unknown>,
  probe?: Probe,
): BuiltGraph {
  const missing = Object.keys(definition.inputs ?? {})
  if (missing.length > 0)
    throw new CairnError(
      'BAD_DEFINITION',
      `pipeline ${name} takes inputs (${missing.join(', ')}), so it cannot run alone`,
      {
        next: 'call it inside another pipeline',
      },
    )
  const builder = new GraphBuilder(probe)
  builder.frames.set('', { params: definition.params, given: {} })
  const returned = (result: Record<string, unknown>) => {
    const outputs = namedFields(result, `the result of pipeline ${name}`)
    if (result instanceof Promise)
      throw new CairnError('BAD_DEFINITION', `the body of pipeline ${name} is async`, {
        next: 'write it without async and await, and do asynchronous work inside a step',
      })
    checkKeys(
      outputs.map(([output]) => output),
      `an output of pipeline ${name}`,
    )
    return Object.fromEntries(
      outputs.map(([output, handle]) => [output, builder.read(handle, `output "${output}" of ${name}`).ref]),
    )
  }
  const graph = builder.build(name, () => body(builder), returned)
  return { graph, handles: builder.handles, numberOf: (ref) => builder.numberOf(ref) }
}

function once<Value>(compute: () => Value): () => Value {
  let done: { value: Value } | undefined
  return () => (done ??= { value: compute() }).value
}
