import { expect, it } from 'vitest'
import { issueText } from './issue-text.ts'
import { RunsQuery } from './runs-query.ts'
import { LetterQuery, RollBackRequest, RunRequest } from './schemas.ts'
import type { z } from 'zod'

const text = (schema: z.ZodType, value: unknown) => issueText(schema.safeParse(value).error!, 'the body')

it.each([
  [{ limit: ['5', '5'] }, 'limit must be a number'],
  [{ limit: '0' }, 'limit must be at least 1'],
  [{ limit: '201' }, 'limit must be at most 200'],
  [{ since: '2026-02-30' }, 'since must be a date and time, or milliseconds since 1970'],
  [{ since: ['1', '2'] }, 'since must be text'],
  [{ status: 'done' }, 'status.0 must be one of queued, running, refused, completed, failed, cancelled'],
  [{ param: 'trees' }, 'param.0 must be <name>=<value>'],
  [{ colour: 'red' }, 'the body has unknown fields: colour'],
])('of a query: %j', (query, expected) => {
  expect(text(RunsQuery, query)).toBe(expected)
})

it('takes dates, and names several faults', () => {
  expect(RunsQuery.safeParse({ since: '2026-11-29', until: '2026-11-29T08:00:00+01:00' }).success).toBe(true)
  expect(text(LetterQuery, { all: 'yes', limit: 'x' })).toBe('limit must be a number; all must be one of true, false')
  expect(text(RunRequest, { until: 'load' })).toBe('until must be a list')
  expect(text(RunRequest, [])).toBe('the body must be an object')
})

it('says that a field is missing', () => {
  expect(text(RollBackRequest, {})).toBe('the body lacks "expected": it must be text')
  expect(text(RollBackRequest, { expected: 1 })).toBe('expected must be text')
})
