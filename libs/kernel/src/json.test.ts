import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonical, jsonText } from './json.ts'

describe('canonical JSON', () => {
  it('is the same for equal values, however their keys are ordered', () => {
    const shuffled = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(shuffled)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .reverse()
                .map(([key, inner]) => [key, shuffled(inner)]),
            )
          : value
    fc.assert(fc.property(fc.jsonValue(), (value) => canonical(shuffled(value)) === canonical(value)))
  })

  it('reads back as the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonical(value))).toEqual(value)
      }),
    )
  })

  it('differs for different values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const same = JSON.stringify(JSON.parse(JSON.stringify(a))) === JSON.stringify(b)
        if (canonical(a) === canonical(b)) expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)))
        else expect(same).toBe(false)
      }),
    )
  })

  it.each([
    ['NaN', NaN],
    ['an infinite number', Infinity],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['undefined', undefined],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a set', new Set()],
    ['a regular expression', /a/],
    ['a boxed number', Object(1)],
    ['bytes', new Uint8Array(1)],
    ['a symbol', Symbol('a')],
    ['a hole of an array', Object.assign([], { length: 1 })],
    ['an array with a field of its own', Object.assign([1], { more: 1 })],
    ['an instance of a kind of array', new (class Own extends Array {})()],
    ['a field under a symbol', { [Symbol('a')]: 1 }],
    ['its own idea of JSON', { toJSON: () => 1 }],
  ])('refuses %s and says where it is', (_, value) => {
    expect(() => canonical({ deep: [1, value] }, 'params')).toThrow(/^params\.deep\[1\](\[0\]|\.toJSON)? is /)
  })

  it('distinguishes -0 from 0, and reads it back', () => {
    expect(canonical({ a: [-0, 0, 1e21, 1e-7] })).toBe('{"a":[-0,0,1e+21,1e-7]}')
    expect(jsonText({ a: [-0, 0] })).toBe('{"a":[-0,0]}')
    expect(JSON.parse(canonical(-0))).toBe(-0)
  })

  it('keeps a lone surrogate', () => {
    const odd = { 'a\udc00': 'b\ud800' }
    expect(JSON.parse(canonical(odd))).toEqual(odd)
  })

  it('leaves out fields that are undefined, as JSON does', () => {
    expect(canonical({ a: undefined, b: 1 })).toBe('{"b":1}')
  })
})
