import { expect, it } from 'vitest'
import { errorRecord } from '@cairn/records'
import { CairnError, suggest } from './errors.ts'

it('suggests the nearest name for a mistyped one', () => {
  expect(suggest('trian-model', ['load-flights', 'train-model', 'evaluate'])).toBe('did you mean "train-model"?')
})

it('lists the names if none is similar', () => {
  expect(suggest('xyz', ['load-flights', 'evaluate'])).toBe('available: load-flights, evaluate')
  expect(suggest('xyz', [], 'make one')).toBe('make one')
  expect(suggest('xyz', [])).toBeUndefined()
})

it('keeps what records need of an error', () => {
  const cause = new TypeError('underneath')
  expect(errorRecord(new CairnError('BAD_OUTPUT', 'wrong', { next: 'mend it', cause }))).toMatchObject({
    code: 'BAD_OUTPUT',
    name: 'CairnError',
    cause: { name: 'TypeError', message: 'underneath' },
    message: 'wrong',
    next: 'mend it',
  })
  expect(errorRecord(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))).toMatchObject({
    code: 'STEP_FAILED',
    name: 'Error',
    fields: { code: 'ECONNRESET' },
  })
  expect(errorRecord('thrown text')).toEqual({ code: 'STEP_FAILED', name: 'string', message: 'thrown text' })
})
