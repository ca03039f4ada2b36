import { checkFields, checkKeys, checkName } from './names.ts'
import { placeStep } from './place-step.ts'
import { CairnError } from '../errors.ts'
import type { Kinds } from './kind.ts'
import { checkOptions, takes, type Options } from './options.ts'
import type { Connector, Connectors } from './connector.ts'
import { fieldNames, type AnySchema, type Schema } from './schema.ts'
import { REACHES, type SourceDefinition, type Step, type StepDefinition } from './step-definition.ts'

/**
 * Declares a step: a plain function with named, typed inputs, parameters and outputs.
 * @throws CairnError BAD_DEFINITION for a wrong name or definition
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
 * Declares a step that reads external data: a file, a URL, a query. Planning looks up the version of the data, and the
 * version counts in the step's key.
 * @throws CairnError BAD_DEFINITION for a wrong definition, or for a connector without a version and without `cache`
 * @example
 * export const loadFlights = source('load-flights', {
 *   reads: { file: fromPackage('vega-datasets', 'data/flights-3m.parquet') },
 *   outputs: { flights: file('parquet') },
 *   run: ({ file }) => ({ flights: file.path }),
 * })
 */
export function source<
  O extends Kinds,
  R extends Connectors,
  S extends AnySchema = Schema<{}, {}>,
  const Secret extends string = never,
>(
  name: string,
  definition: SourceDefinition<R, S, O, Secret>,
): Step<{}, S, O, SourceDefinition<R, S, O, Secret>['run']> {
  checkDefinition('source', name, definition)
  for (const [read, connector] of Object.entries((definition.reads ?? {}) as Connectors)) {
    if (typeof (connector as Partial<Connector<unknown>> | null)?.open !== 'function')
      throw new CairnError('BAD_DEFINITION', `reads.${read} of source ${name} is not a connector`, {
        next: 'use fromFile(…), fromUrl(…), fromPackage(…), or your own { name, version, open }',
      })
    if (!connector.version && !connector.production && definition.cache === undefined)
      throw new CairnError('BAD_DEFINITION', `reads.${read} of source ${name} has no version`, {
        next: 'set how long its result may be reused: cache: { maxAge: "1d" } or cache: "never"',
      })
  }
  return declare('source', name, definition)
}

/** Returns a copy of a step under another name. */
export function renamed({ type, definition }: Step, name: string): Step {
  return declare(type, name, definition)
}

const STEP = Symbol.for('cairn.step')

/** Whether a value was made by {@link step} or {@link source}. */
export function isStep(value: unknown): value is Step {
  return typeof value === 'function' && STEP in value
}

const POLICIES: Options = {
  outputs: takes.named,
  params: takes.schema,
  run: takes.aFunction,
  retry: takes.group(
    '{ times: 3 }, optionally with backoff, maxBackoff and on',
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
    throw new CairnError('BAD_DEFINITION', `${type} ${name} has no run function`, {
      next: 'add run: (inputs, params) => outputs',
    })
  for (const [role, kinds] of Object.entries({ inputs: definition.inputs ?? {}, outputs: definition.outputs ?? {} }))
    for (const [key, kind] of Object.entries(kinds as Kinds))
      if (typeof kind?.encode !== 'function')
        throw new CairnError('BAD_DEFINITION', `${role}.${key} of ${type} ${name} is not an artifact kind`, {
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
