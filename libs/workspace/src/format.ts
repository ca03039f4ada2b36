import type { ArtifactRef, Summary } from '@cairn/kernel'
import { number } from './number-text.ts'

/**
 * Formats a duration in milliseconds: `0.3 s`, `41 s`, `2 min 5 s`, `1 h 10 min`; `unknown` when it is negative,
 * because a clock was set back.
 */
export function duration(ms: number): string {
  if (!(ms >= 0)) return 'unknown'
  if (ms < 9_950) return ms < 1 ? '0.0 s' : ms < 100 ? `${(ms / 1000).toFixed(2)} s` : `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 100) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Formats a size in bytes with decimal units (1 kB is 1,000 bytes): `512 B`, `1.50 kB`, `12.3 MB`. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`
  let unit = Math.min(Math.floor(Math.log10(count) / 3), 4)
  if (unit < 4 && Number((count / 1000 ** unit).toPrecision(3)) === 1000) unit++ // 999,999 bytes are 1.00 MB
  const amount = count / 1000 ** unit
  return `${amount < 999.5 ? amount.toPrecision(3) : Math.round(amount)} ${['B', 'kB', 'MB', 'GB', 'TB'][unit]}`
}

/** Formats a time in the given time zone: `2026-11-23 10:15:30`. */
export function when(time: number, timeZone: string): string {
  if (zoned?.zone !== timeZone) {
    const format = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone })
    zoned = { zone: timeZone, format }
  }
  return zoned.format.format(time)
}
/** Cached, because creating a formatter takes a hundred times as long as using it. */
let zoned: { readonly zone: string; readonly format: Intl.DateTimeFormat } | undefined

/**
 * Makes a text of unknown origin safe to print in a line. Line breaks, escapes and all other characters that control a
 * terminal or the text direction become JavaScript escape sequences.
 */
export function escaped(text: string): string {
  return text.replaceAll(CONTROL_CHARACTERS, (sign) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[sign]
    return short ?? `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
/** Control characters, line separators and direction marks (Unicode's Bidi_Control). */
const CONTROL_CHARACTERS = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Makes a text of several lines safe to print. */
export function escapedLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.split('\t').map(escaped).join('\t'))
    .join('\n')
}

/** A number of things: `1 run`, `2 runs`. The plural ends in s. */
export function counted(count: number, one: string): string {
  return `${number(count)} ${one}${count === 1 ? '' : 's'}`
}

/** Summarizes an artifact: `3,000,000 rows`, `auc 0.6947`, `12.4 MB`. */
export function artifact({ summary, size, text }: ArtifactRef): string {
  if (summary && Object.keys(summary).length > 0) return summaryText(summary)
  return text !== undefined && text.length <= 40 ? escaped(text) : bytes(size)
}

/** Entries of a summary that are amounts of what their name says. */
const AMOUNTS: ReadonlySet<string> = new Set(['rows', 'columns', 'items'])

/** Maximum entries of a summary that are shown; `cairn cat` shows all. */
const SHOWN = 3

function summaryText(summary: Summary): string {
  const entries = Object.entries(summary)
  const shown = entries
    .slice(0, SHOWN)
    .map(([name, value]) => {
      if (typeof value !== 'number') return `${escaped(name)} ${escaped(value)}`
      if (name === 'bytes') return bytes(value)
      return AMOUNTS.has(name) ? counted(value, name.slice(0, -1)) : `${escaped(name)} ${number(value)}`
    })
    .join(', ')
  return entries.length > SHOWN ? `${shown}, …` : shown
}
