import {
  CairnError,
  canonical,
  isSchema,
  shown,
  suggest,
  type AnySchema,
  type Kind,
  type SchemaInput,
  type SchemaOutput,
  type Summary,
} from '@cairn/kernel'
import { compareJson } from './json-compare.ts'
import { checked, checkedJsonOptions, decodeJson, describeSchema, encodeJson, type JsonOptions } from './json.ts'

/** Numbers by name, or groups of numbers. */
export interface Metrics {
  readonly [name: string]: number | Metrics
}
type ShortType = 'number' | 'integer'
/** The types of metrics, by name. A metric whose type ends with `?` may be missing. */
export type MetricTypes = Readonly<Record<string, ShortType | `${ShortType}?`>>
type Values<M extends MetricTypes> = {
  readonly [Name in keyof M as M[Name] extends `${string}?` ? never : Name]: number
} & { readonly [Name in keyof M as M[Name] extends `${string}?` ? Name : never]?: number }

/**
 * A kind for metrics: finite numbers by name, or groups of them. Tracking shows, charts and compares them, so a step
 * need not log anything. A value that is not a finite number is refused with BAD_OUTPUT.
 *
 * @throws CairnError BAD_DEFINITION for an unknown type
 * @example
 * const Evaluation = metrics({ auc: 'number', rows: 'integer', brier: 'number?' })
 */
export function metrics(): Kind<Metrics>
export function metrics<const M extends MetricTypes>(types: M): Kind<Values<M>>
export function metrics<S extends AnySchema>(schema: S, options?: JsonOptions): Kind<SchemaOutput<S>, SchemaInput<S>>
export function metrics(given?: MetricTypes | AnySchema, options: JsonOptions = {}): Kind<any> {
  const { describe } = checkedJsonOptions(options, 'metrics')
  const schema = isSchema(given) ? given : undefined
  const types = given !== undefined && !isSchema(given) ? declared(given) : undefined
  const described = schema ? describeSchema(schema, describe) : (types ?? true)
  return {
    name: 'metrics',
    version: 2, // version 1 wrote -0 as 0
    extension: 'json',
    schema: described,
    async encode(value) {
      checkNumbers(value, '')
      if (types) checkTypes(value, types)
      const measured = schema ? await checked<Metrics>(schema, value) : (value as Metrics)
      checkNumbers(measured, '')
      return { bytes: encodeJson(measured), summary: topLevel(measured) }
    },
    decode: decodeJson,
    compare: compareJson,
    async preview(artifact) {
      return { type: 'summary', fields: flat(await decodeJson(artifact)) }
    },
    accepts: ({ kind, schema: written }) =>
      kind === 'metrics' && (!given || canonical(written) === canonical(described)),
  }
}

const TYPES: readonly unknown[] = ['number', 'integer', 'number?', 'integer?'] satisfies MetricTypes[string][]

function declared(types: MetricTypes): MetricTypes {
  const refused = (what: string) =>
    new CairnError('BAD_DEFINITION', what, {
      next: `write it like metrics({ auc: 'number', rows: 'integer', brier: 'number?' }), or give a schema`,
    })
  if (typeof types !== 'object' || types === null || Array.isArray(types))
    throw refused(`metrics takes an object of types, not ${shown(types)}`)
  for (const [name, type] of Object.entries(types))
    if (!TYPES.includes(type)) throw refused(`metric "${name}" has the unknown type ${shown(type)}`)
  return types
}

function checkNumbers(metrics: unknown, within: string): void {
  if (typeof metrics !== 'object' || metrics === null || Array.isArray(metrics))
    throw new CairnError(
      'BAD_OUTPUT',
      `metrics${within && ` "${within}"`} must be an object of numbers, not ${shape(metrics)}`,
      {
        next: 'return { name: number, … }, or use json() for other values',
      },
    )
  for (const [name, value] of Object.entries(metrics)) {
    const path = within ? `${within}.${name}` : name
    if (typeof value === 'object' && value !== null) checkNumbers(value, path)
    else if (value !== undefined && !Number.isFinite(value)) throw notMeasured(path, value)
  }
}

function shape(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  return value === null ? 'null' : `a ${typeof value}`
}

function notMeasured(path: string, value: unknown): CairnError {
  const refused = (is: string, next: string) =>
    new CairnError('BAD_OUTPUT', `metric "${path}" is ${is}, not a finite number`, { next })
  if (typeof value === 'number') return refused(String(value), 'omit metrics that could not be measured')
  if (typeof value === 'bigint')
    return refused(`the bigint ${value}n`, `convert it: Number(${value}n); integers are exact up to 2^53`)
  if (typeof value === 'string')
    return refused(
      `the string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`,
      'convert it to a number, or use json() for text',
    )
  if (typeof value === 'boolean') return refused(`the boolean ${value}`, 'use 0 or 1')
  return refused(value === null ? 'null' : `a ${typeof value}`, 'omit metrics that could not be measured')
}

function checkTypes(metrics: Readonly<Record<string, unknown>>, types: MetricTypes): void {
  for (const name of Object.keys(metrics))
    if (!Object.hasOwn(types, name))
      throw new CairnError('BAD_OUTPUT', `metric "${name}" is not declared`, {
        next: suggest(name, Object.keys(types)),
      })
  for (const [name, type] of Object.entries(types)) {
    const value = metrics[name]
    if (value === undefined && !type.endsWith('?')) throw new CairnError('BAD_OUTPUT', `metric "${name}" is missing`)
    if (value !== undefined && typeof value !== 'number')
      throw new CairnError('BAD_OUTPUT', `metric "${name}" is declared ${type}, but it is a group of metrics`)
    if (type.startsWith('integer') && value !== undefined && !Number.isInteger(value))
      throw new CairnError('BAD_OUTPUT', `metric "${name}" is declared an integer, but it is ${value}`)
  }
}

function flat(metrics: Metrics, within = ''): Record<string, number> {
  const fields = Object.entries(metrics).map(([name, value]) =>
    typeof value === 'number' ? { [within + name]: value } : flat(value, `${within}${name}.`),
  )
  return Object.assign({}, ...fields) as Record<string, number>
}

function topLevel(metrics: Metrics): Summary {
  return Object.fromEntries(
    Object.entries(metrics).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  )
}
