import { expect, it } from 'vitest'
import { parseTime } from './parse-time.ts'

const local = (...parts: [number, number, number, number?, number?]) => new Date(...parts).getTime()

it.each([
  ['2026-11-29', local(2026, 10, 29)],
  ['2026-11-29T08:00', local(2026, 10, 29, 8)],
  ['2026-11-29 08:30', local(2026, 10, 29, 8, 30)],
  ['2026-11-29T08:00:00Z', Date.UTC(2026, 10, 29, 8)],
  ['2026-11-29T08:00:00.250+01:30', Date.UTC(2026, 10, 29, 6, 30) + 250],
  ['2024-02-29', local(2024, 1, 29)],
])('%s', (text, expected) => {
  expect(parseTime(text, 'local')).toBe(expected)
})

it('reads a time without a zone as UTC on request', () => {
  expect(parseTime('2026-11-29', 'utc')).toBe(Date.UTC(2026, 10, 29))
  expect(parseTime('2026-11-29T08:00', 'utc')).toBe(Date.UTC(2026, 10, 29, 8))
})

it.each([
  '2026-02-30',
  '2023-02-29T08:00Z',
  '2026-13-01',
  '2026-11-29T25:00',
  '2026',
  'yesterday',
  '',
  '29.11.2026',
  '1',
])('refuses %j', (text) => {
  expect(parseTime(text, 'local')).toBeUndefined()
  expect(parseTime(text, 'utc')).toBeUndefined()
})
