import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonical } from './json.ts'

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
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)))
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
  ])('refuses %s and says where it is', (_, value) => {
    expect(() => canonical({ deep: [1, value] }, 'params')).toThrow(/^params\.deep\[1\] is /)
  })

  it('leaves out fields that are undefined, as JSON does', () => {
    expect(canonical({ a: undefined, b: 1 })).toBe('{"b":1}')
  })
})
