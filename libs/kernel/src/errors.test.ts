import { expect, it } from 'vitest'
import { errorRecord, isOneOf } from '@cairn/records'
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

it('keeps at most twelve errors of one thrown value, and the innermost cause of each chain', () => {
  const chain = (name: string, length: number): Error =>
    new Error(`${name}${length}`, length > 1 ? { cause: chain(name, length - 1) } : {})
  const thrown = new AggregateError([chain('a', 5), chain('b', 6), chain('c', 4)], 'all', { cause: chain('cause', 5) })
  const texts = JSON.stringify(errorRecord(thrown)).match(/"message":"[^"]+"/g)!
  expect(texts.length).toBeLessThanOrEqual(12)
  expect(texts).toEqual(expect.arrayContaining(['"message":"all"', '"message":"cause1"', '"message":"a1"']))
})

it('names every cause that it leaves out, so that a retry finds it', () => {
  const chain = (name: string): Error => {
    const link = (left: number): Error =>
      Object.assign(new Error(`${name} ${left}`, left > 1 ? { cause: link(left - 1) } : {}), { name: `${name}${left}` })
    return link(5)
  }
  const record = errorRecord(new AggregateError([chain('A'), chain('B'), chain('C')], 'all'))
  for (const name of ['A1', 'B1', 'C1', 'C5', 'C3']) expect(isOneOf(record, [name]), name).toBe(true)
})
