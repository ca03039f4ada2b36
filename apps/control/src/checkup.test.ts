import { expect, it } from 'vitest'
import { lagText } from './checkup.ts'

it('counts waiting events by group, largest first', () => {
  expect(lagText([{ id: 'shop.load', lag: 0 }])).toBe('0 events not handled yet')
  expect(
    lagText([
      { id: 'shop.load', lag: 1 },
      { id: 'shop.total', lag: 7 },
    ]),
  ).toBe('8 events not handled yet: shop.total 7, shop.load 1')
  const many = Array.from({ length: 8 }, (_, at) => ({ id: `g${at}`, lag: 8 - at }))
  expect(lagText(many)).toBe('36 events not handled yet: g0 8, g1 7, g2 6, g3 5, g4 4, 3 more')
})
