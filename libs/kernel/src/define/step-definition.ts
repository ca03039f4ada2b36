import type { Bytes, Duration } from '../units.ts'
import type { Opened, Connectors } from './connector.ts'
import type { Handle, Handles, Param } from './handle.ts'
import type { Kinds, Read, Reads, Writes } from './kind.ts'
import type { NodeOptions } from './names.ts'
import type { AnySchema, SchemaInput, SchemaOutput } from './schema.ts'

/** What a step's body receives besides its inputs and parameters. */
export interface Context<Secret extends string = string> {
  /** Aborts when the run is cancelled or the step times out. */
  readonly signal: AbortSignal
  /** A folder for temporary files, which is deleted after the body ends. */
  readonly scratch: string
  /** Returns uniform numbers in [0, 1). The checkpoint key is the seed, so the same inputs give the same numbers. */
  readonly random: () => number
  /** The secrets that the step declares, by name. */
  readonly secrets: Readonly<Record<Secret, string>>
}

/** When and how often a failed step is retried. */
export interface Retry {
  /** How many retries follow the first attempt. */
  readonly times: number
  /** The wait before the first retry. It doubles before each further one. @default '1s' */
  readonly backoff?: Duration
  /** The longest wait. @default '1m' */
  readonly maxBackoff?: Duration
  /**
   * Retries only errors with one of these names: the error's `name`, its `code` (`'ECONNRESET'`, `'TIMED_OUT'`), its
   * class or a base class. An error with such an error as its cause, or among its `errors`, counts too.
   * @default every error
   */
  readonly on?: readonly string[]
}

/** How long the checkpoints of a step may be reused: never, or up to an age. */
export type Cache = 'never' | { readonly maxAge: Duration }

/** Something outside the fingerprint. A step that uses one is reused only if it declares that in `acknowledge`. */
export type Reach = (typeof REACHES)[number]
export const REACHES = [
  'environment',
  'clock',
  'randomness',
  'files',
  'network',
  'processes',
  'dynamic code',
  /** A variable that keeps changes from one call to the next: a counter, a list, a memo. */
  'state',
] as const

/** How a step is run and reused. */
export interface Policies<O extends Kinds, Secret extends string> {
  /** @default no retries */
  readonly retry?: Retry
  /** The time limit of one attempt, from the start of the body. @default no limit */
  readonly timeout?: Duration
  /** The memory limit of the body. @default three quarters of the memory of the machine or container */
  readonly memory?: Bytes
  /** @default reuse while the step's key stays the same */
  readonly cache?: Cache
  /** The names of the secrets that the body reads. The host resolves them. */
  readonly secrets?: readonly Secret[]
  /** What the body uses that is outside the fingerprint and does not make its result stale. */
  readonly acknowledge?: readonly Reach[]
  /** Returns the outputs to use when every attempt has failed. They are never stored as a checkpoint. */
  readonly catch?: (error: Error) => Writes<O> | Promise<Writes<O>>
}

/** The definition of a step. */
export interface StepDefinition<
  I extends Kinds,
  S extends AnySchema,
  O extends Kinds,
  Secret extends string,
> extends Policies<NoInfer<O>, Secret> {
  /** The kinds of the artifacts that the body receives, by name. */
  readonly inputs?: I
  /** The schema (Zod, Valibot, ArkType, …) of the parameters. It must parse to plain JSON. */
  readonly params?: S
  /** The kinds of the artifacts that the body returns, by name. */
  readonly outputs: O
  /** The body. It receives the inputs, and returns the outputs. */
  run(
    inputs: Reads<I>,
    params: SchemaOutput<S>,
    context: Context<Secret>,
  ): Writes<NoInfer<O>> | Promise<Writes<NoInfer<O>>>
}

/** The definition of a source. */
export interface SourceDefinition<
  R extends Connectors,
  S extends AnySchema,
  O extends Kinds,
  Secret extends string,
> extends Policies<NoInfer<O>, Secret> {
  /** The connectors, by name. The body receives the opened content of each. */
  readonly reads: R
  /** The schema (Zod, Valibot, ArkType, …) of the parameters. It must parse to plain JSON. */
  readonly params?: S
  /** The kinds of the artifacts that the body returns, by name. */
  readonly outputs: O
  /** The body. It receives what the connectors opened, and returns the outputs. */
  run(
    reads: Opened<R>,
    params: SchemaOutput<S>,
    context: Context<Secret>,
  ): Writes<NoInfer<O>> | Promise<Writes<NoInfer<O>>>
}

/** A handle for each input, by name: what a step is called with. */
export type Wired<I extends Kinds> = { readonly [Name in keyof I]: Handle<Read<I[Name]>> }
export type WiredParams<P> = { readonly [Name in keyof P]: P[Name] | Param<Exclude<P[Name], undefined>> }
/** The arguments of a step after its inputs. `params` is optional if every parameter has a default. */
export type StepArguments<P> = {} extends P
  ? [params?: WiredParams<P>, options?: NodeOptions]
  : [params: WiredParams<P>, options?: NodeOptions]

/** A step. Call it inside a pipeline's body to add it there. In a unit test, call its body, `definition.run`. */
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
