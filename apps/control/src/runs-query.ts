import { applyDecorators } from '@nestjs/common'
import { ApiQuery } from '@nestjs/swagger'
import { z } from 'zod'
import { hasParameter, parseTime } from '@cairn/workspace'
import type { Json } from '@cairn/kernel'
import type { Listed } from './listed-run.ts'
import { RunName, schemaOf } from './schemas.ts'

const Status = z.enum(['queued', 'running', 'refused', 'completed', 'failed', 'cancelled'])
const Timestamp = z.string().max(40).refine(isTimestamp, 'must be a date and time, or milliseconds since 1970')
const Parameter = z
  .string()
  .max(1_000)
  .refine((text) => /^[^=]+=/.test(text), 'must be <name>=<value>')
/** A query parameter that may be repeated. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((value) => (value === undefined ? undefined : [value].flat()), z.array(item).max(20).optional())

/** Which runs to list. */
export const RunsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(20).describe('maximum number of runs'),
  before: RunName.optional().describe('only runs older than this one: `next` of the previous page'),
  status: listOf(Status).describe('only runs with any of these statuses'),
  since: Timestamp.optional().describe(
    'only runs planned at this time or later: a date, with or without a time (UTC unless it names a zone), or milliseconds since 1970',
  ),
  until: Timestamp.optional().describe('only runs planned before this time'),
  param: listOf(Parameter).describe(
    'only runs with all of these parameter values: <name>=<value>, or <step>.<name>=<value>, as text or JSON',
  ),
})
export type RunsQuery = z.output<typeof RunsQuery>

/** A query's parameters, for the OpenAPI document. */
export function ApiQueries(query: z.ZodObject) {
  const { properties } = schemaOf(query, 'output') as {
    readonly properties: Readonly<Record<string, { description?: string }>>
  }
  const decorators = Object.entries(properties).map(([name, { description = '', ...schema }]) =>
    ApiQuery({ name, description, required: false, schema }),
  )
  return applyDecorators(...decorators)
}

/**
 * Whether a run matches a query.
 *
 * @param parameters of the run and its steps; undefined for a run that cannot be read
 */
export function matches(
  { status, createdAt }: Pick<Listed, 'status' | 'createdAt'>,
  parameters: Readonly<Record<string, Json>> | undefined,
  { status: wanted, since, until, param = [] }: RunsQuery,
): boolean {
  if (wanted !== undefined && !wanted.includes(status)) return false
  if (since === undefined && until === undefined && param.length === 0) return true
  if (createdAt === undefined || !parameters) return false
  if (since !== undefined && createdAt < millisecondsOf(since)!) return false
  if (until !== undefined && createdAt >= millisecondsOf(until)!) return false
  return param.every((text) => hasParameter(parameters, text))
}

function isTimestamp(text: string): boolean {
  return millisecondsOf(text) !== undefined
}

function millisecondsOf(text: string): number | undefined {
  // Shorter numbers are dates such as 20261130, or years.
  return /^\d{12,15}$/.test(text) ? Number(text) : parseTime(text, 'utc')
}
