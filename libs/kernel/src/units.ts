import { CairnError } from './errors.ts'

/** A length of time: a number of milliseconds, or a text such as `'90s'`, `'5m'`, `'12h'` or `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`
/** An amount of memory: a number of bytes, or a text such as `'512MB'` or `'2GB'`. 1 KB is 1,000 bytes. */
export type Bytes = number | `${number}${'KB' | 'MB' | 'GB'}`

const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const BYTES = { KB: 1e3, MB: 1e6, GB: 1e9 } as const

/** Converts a duration to milliseconds. @throws CairnError BAD_DEFINITION unless it is positive and finite */
export function milliseconds(duration: Duration): number {
  return amount(duration, MS, 'a duration', '"90s", "5m", "12h"')
}

/** Converts an amount of memory to bytes. @throws CairnError BAD_DEFINITION unless it is positive and finite */
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
    next: `for example ${examples}`,
  })
}
