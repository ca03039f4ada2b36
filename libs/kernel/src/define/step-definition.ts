import type { Bytes, Duration } from '../units.ts'
import type { Opened, Connectors } from './connector.ts'
import type { Handle, Handles, Param } from './handle.ts'
import type { Kinds, Read, Reads, Writes } from './kind.ts'
import type { NodeOptions } from './names.ts'
import type { AnySchema, SchemaInput, SchemaOutput } from './schema.ts'

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
export const REACHES = [
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
  R extends Connectors,
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
    readonly reads?: Connectors
    readonly params?: S
    readonly outputs: O
    readonly run: Body
  }
}
