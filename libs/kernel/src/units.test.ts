import { expect, it } from 'vitest'
import { byteCount, milliseconds } from './units.ts'

it('reads lengths of time', () => {
  expect([
    milliseconds(250),
    milliseconds('1.5s'),
    milliseconds('5m'),
    milliseconds('12h'),
    milliseconds('7d'),
  ]).toEqual([250, 1_500, 300_000, 43_200_000, 604_800_000])
})

it('reads amounts of memory', () => {
  expect([byteCount(10), byteCount('512MB'), byteCount('2GB')]).toEqual([10, 512e6, 2e9])
})

it.each(['soon', '5 minutes', '-1s', '', 0, NaN])('refuses %j and shows how to write it', (wrong) => {
  expect(() => milliseconds(wrong as never)).toThrow(/is not a duration/)
  expect(() => byteCount(wrong as never)).toThrow(/is not an amount of memory/)
})
