import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseExactJson } from './exact-json.ts'

describe('hand-written JSON', () => {
  it.each([
    '9007199254740993',
    '-9007199254740993',
    '123456789012345678901',
    '9007199254740992.5',
    '0.12345678901234567890123',
    '1e400',
    '-1e400',
    '1e-400',
    '1.7976931348623159e308',
    '[1, {"deep": 9007199254740993}]',
    '900719925474099300e-2',
  ])('refuses %s, which a number cannot hold', (text) => {
    expect(() => parseExactJson(text, '--set a')).toThrow(/^--set a: -?[\d.e-]+ cannot be stored exactly/)
  })

  it.each(['0', '-0', '0.0e9', '1.50', '1e2', '1E+2', '18446744073709551616', '1e23', '-128886278271156.12'])(
    'reads %s as JSON does',
    (text) => {
      expect(parseExactJson(text, 'a')).toBe(Number(text))
    },
  )

  it('reads every number that JavaScript writes', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(parseExactJson(Object.is(value, -0) ? '-0' : String(value), 'a')).toBe(value)
      }),
    )
  })

  it('leaves digits inside a string alone', () => {
    expect(parseExactJson('{"id": "9007199254740993"}', 'a')).toEqual({ id: '9007199254740993' })
  })
})
