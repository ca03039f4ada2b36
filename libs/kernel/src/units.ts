import { CairnError } from './errors.ts'

/** A length of time: milliseconds, or `'90s'`, `'5m'`, `'12h'`, `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`
/** An amount of memory: bytes, or `'512MB'`, `'2GB'`. */
export type Bytes = number | `${number}${'KB' | 'MB' | 'GB'}`

const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const BYTES = { KB: 1e3, MB: 1e6, GB: 1e9 } as const

/** Milliseconds of `'90s'`, `'5m'`. */
export function milliseconds(duration: Duration): number {
  return amount(duration, MS, 'a length of time', '"90s", "5m", "12h"')
}

/** Bytes of `'512MB'`, `'2GB'`. */
export function byteCount(bytes: Bytes): number {
  return amount(bytes, BYTES, 'an amount of memory', '"512MB", "2GB"')
}

function amount(
  given: number | string,
  units: Readonly<Record<string, number>>,
  what: string,
  examples: string,
): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([a-zA-Z]+)$/.exec(String(given)) ?? []
  const factor = unit === undefined ? undefined : units[unit]
  const value = typeof given === 'number' ? given : Number(number) * (factor ?? NaN)
  if (value > 0 && Number.isFinite(value)) return value
  throw new CairnError('BAD_DEFINITION', `${JSON.stringify(given)} is not ${what}`, {
    next: `write it like ${examples}`,
  })
}
