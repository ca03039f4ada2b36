import type { NodeOptions } from './drawing.ts'
import { checkFields, checkKeys, checkName } from './names.ts'
import { placeStep } from './place-step.ts'
import { CairnError } from '../errors.ts'
import type { Bytes, Duration } from '../units.ts'
import type { Handle, Handles, Param } from './handle.ts'
import type { Kinds, Read, Reads, Writes } from './kind.ts'
import { checkOptions, takes, type Options } from './options.ts'
import type { Opened, Origin, Origins } from './connector.ts'
import { fieldNames, type AnySchema, type Schema, type SchemaInput, type SchemaOutput } from './schema.ts'

/** What a step's body gets besides its inputs and parameters. */
export interface Context<Secret extends string = string> {
  /** Aborted when the run is cancelled or the step times out. */
  readonly signal: AbortSignal
  /** A folder of its own, deleted afterwards. */
  readonly scratch: string
  /** Uniform in [0, 1), seeded from the checkpoint key: the same inputs always draw the same numbers. */
  readonly random: () => number
  /** The secrets that the step declares, by name. */
  readonly secrets: Readonly<Record<Secret, string>>
}

export interface Retry {
  /** How many times to try again after the first failure. */
  readonly times: number
  /** The wait before the first retry, doubled before each next one. Default 1 s. */
  readonly backoff?: Duration
  /** The longest wait. Default 1 min. */
  readonly maxBackoff?: Duration
  /**
   * Retry only errors that have one of these as their `name`, class, a class that this extends, or `code`
   * (`'ECONNRESET'`, `'TIMED_OUT'`), or that were caused by such an error or gather one. Default: every error.
   */
  readonly on?: readonly string[]
}

export type Cache = 'never' | { readonly maxAge: Duration }

/** What the fingerprint cannot see through; a step that reaches one is reused only if it says that it may. */
export type Reach = (typeof REACHES)[number]
const REACHES = [
  'environment',
  'clock',
  'randomness',
  'files',
  'network',
  'processes',
  'dynamic code',
  /** A variable, or what it holds, that one call changes and the next can see: a counter, a list, a memo. */
  'state',
] as const

export interface Policies<O extends Kinds, Secret extends string> {
  readonly retry?: Retry
  /** For one attempt, from the start of the body. */
  readonly timeout?: Duration
  /** The most memory the body may use. */
  readonly memory?: Bytes
  /** Default: reuse as long as nothing that counts has changed. */
  readonly cache?: Cache
  /** Names of secrets that the host resolves. */
  readonly secrets?: readonly Secret[]
  /** Outside things that the body reaches and that do not make its result stale. */
  readonly acknowledge?: readonly Reach[]
  /** What to go on with when every attempt has failed. Never stored as a checkpoint. */
  readonly catch?: (error: Error) => Writes<O> | Promise<Writes<O>>
}

export interface StepDefinition<
  I extends Kinds,
  S extends AnySchema,
  O extends Kinds,
  Secret extends string,
> extends Policies<NoInfer<O>, Secret> {
  /** Kinds of the artifacts that the body reads, by name. */
  readonly inputs?: I
  /** A schema (Zod, Valibot, ArkType, …) of the parameters. What it parses to must be plain JSON. */
  readonly params?: S
  /** Kinds of the artifacts that the body returns, by name. */
  readonly outputs: O
  run(
    inputs: Reads<I>,
    params: SchemaOutput<S>,
    context: Context<Secret>,
  ): Writes<NoInfer<O>> | Promise<Writes<NoInfer<O>>>
}

export interface SourceDefinition<
  R extends Origins,
  S extends AnySchema,
  O extends Kinds,
  Secret extends string,
> extends Policies<NoInfer<O>, Secret> {
  /** What it reads of the outside, by name. */
  readonly reads: R
  readonly params?: S
  readonly outputs: O
  run(
    reads: Opened<R>,
    params: SchemaOutput<S>,
    context: Context<Secret>,
  ): Writes<NoInfer<O>> | Promise<Writes<NoInfer<O>>>
}

export type Wired<I extends Kinds> = { readonly [Name in keyof I]: Handle<Read<I[Name]>> }
export type WiredParams<P> = { readonly [Name in keyof P]: P[Name] | Param<Exclude<P[Name], undefined>> }
export type StepArguments<P> = {} extends P
  ? [params?: WiredParams<P>, options?: NodeOptions]
  : [params: WiredParams<P>, options?: NodeOptions]

/** A step: call it inside a pipeline to place it there. `definition.run` is its body, to be called in a unit test. */
export interface Step<
  I extends Kinds = any,
  S extends AnySchema = any,
  O extends Kinds = any,
  Body extends (...given: any) => unknown = (...given: any) => unknown,
> {
  (inputs: Wired<I>, ...rest: StepArguments<SchemaInput<S>>): Handles<O>
  readonly type: 'step' | 'source'
  readonly definition: Policies<O, string> & {
    readonly inputs?: I
    readonly reads?: Origins
    readonly params?: S
    readonly outputs: O
    readonly run: Body
  }
}

/**
 * Declares a step: a plain function with named, typed inputs, parameters and outputs.
 *
 * @example
 * export const trainModel = step('train-model', {
 *   inputs: { training: TrainingTable },
 *   params: z.object({ trees: z.number().int().min(1).default(100) }),
 *   outputs: { model: DelayModel },
 *   run: ({ training }, { trees }) => fitTrees(training, trees),
 * })
 */
export function step<
  O extends Kinds,
  I extends Kinds = {},
  S extends AnySchema = Schema<{}, {}>,
  const Secret extends string = never,
>(name: string, definition: StepDefinition<I, S, O, Secret>): Step<I, S, O, StepDefinition<I, S, O, Secret>['run']> {
  return declare('step', name, definition)
}

/**
 * Declares a step that reads the outside: a file, a URL, a query. What it reads has a version, which is looked up when
 * a run is planned and counts in the step's key.
 *
 * @example
 * export const loadFlights = source('load-flights', {
 *   reads: { file: fromPackage('vega-datasets', 'data/flights-3m.parquet') },
 *   outputs: { flights: file('parquet') },
 *   run: ({ file }) => ({ flights: file.path }),
 * })
 */
export function source<
  O extends Kinds,
  R extends Origins,
  S extends AnySchema = Schema<{}, {}>,
  const Secret extends string = never,
>(
  name: string,
  definition: SourceDefinition<R, S, O, Secret>,
): Step<{}, S, O, SourceDefinition<R, S, O, Secret>['run']> {
  checkDefinition('source', name, definition)
  for (const [read, origin] of Object.entries((definition.reads ?? {}) as Origins)) {
    if (typeof (origin as Partial<Origin<unknown>> | null)?.open !== 'function')
      throw new CairnError('BAD_DEFINITION', `reads.${read} of source ${name} is nothing that can be read`, {
        next: 'use fromFile(…), fromUrl(…), fromPackage(…), or { describes, version, open } of your own',
      })
    if (!origin.version && definition.cache === undefined)
      throw new CairnError('BAD_DEFINITION', `source ${name} reads "${read}", which has no version`, {
        next: 'say how long it may be reused: cache: { maxAge: "1d" } or cache: "never"',
      })
  }
  return declare('source', name, definition)
}

/** The step that does what another one does, under a name of its own. */
export function renamed({ type, definition }: Step, name: string): Step {
  return declare(type, name, definition)
}

const STEP = Symbol.for('cairn.step')

export function isStep(value: unknown): value is Step {
  return typeof value === 'function' && STEP in value
}

const POLICIES: Options = {
  outputs: takes.named,
  params: takes.schema,
  run: takes.aFunction,
  retry: takes.group(
    '{ times: 3 }, with backoff, maxBackoff and on if need be',
    { times: takes.whole(0), backoff: takes.duration, maxBackoff: takes.duration, on: takes.texts },
    { needs: 'times' },
  ),
  timeout: takes.duration,
  memory: takes.memory,
  cache: takes.group(
    `'never' or { maxAge: '12h' }`,
    { maxAge: takes.duration },
    { needs: 'maxAge', or: (value) => value === 'never' },
  ),
  secrets: takes.texts,
  acknowledge: takes.someOf(REACHES),
  catch: takes.aFunction,
}
const OPTIONS: Readonly<Record<Step['type'], Options>> = {
  step: { inputs: takes.named, ...POLICIES },
  source: { reads: takes.named, ...POLICIES },
}

function checkDefinition(type: Step['type'], name: string, definition: unknown): void {
  checkName(name, `the name of a ${type}`)
  checkOptions(definition, OPTIONS[type], `${type} "${name}"`)
}

function declare<S extends Step>(type: S['type'], name: string, definition: S['definition']): S {
  checkDefinition(type, name, definition)
  if (typeof definition?.run !== 'function')
    throw new CairnError('BAD_DEFINITION', `${type} ${name} has no body`, {
      next: 'add run: (inputs, params) => outputs',
    })
  for (const [role, kinds] of Object.entries({ inputs: definition.inputs ?? {}, outputs: definition.outputs ?? {} }))
    for (const [key, kind] of Object.entries(kinds as Kinds))
      if (typeof kind?.encode !== 'function')
        throw new CairnError('BAD_DEFINITION', `${role}.${key} of ${type} ${name} is no artifact kind`, {
          next: 'use a kind: json(…), table(…), metrics(…), file(…), bytes(), model()',
        })
  const { inputs = {}, reads = {}, outputs = {}, params } = definition
  for (const [what, fields] of Object.entries({ input: inputs, read: reads, output: outputs }))
    checkFields(fields, `an ${what} of ${type} ${name}`)
  if (params) checkKeys(fieldNames(params) ?? [], `a parameter of ${type} ${name}`)
  const placed = (...given: []) => placeStep(placed as unknown as Step, ...given)
  return Object.defineProperties(placed as unknown as S, {
    name: { value: name },
    type: { value: type },
    definition: { value: Object.freeze({ ...definition, outputs: definition.outputs ?? {} }) },
    [STEP]: { value: true },
  })
}
