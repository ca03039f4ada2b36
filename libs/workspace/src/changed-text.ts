import { canonical, type Json } from '@cairn/kernel'
import { number, numbers } from './number-text.ts'

/** So much of a value is shown. */
const LONGEST = 40
/** So much of what both have before the first difference. */
const BEFORE = 12

/** Two values that differ, as texts that do: of long ones the part where they differ. */
export function changedTexts(
  before: Json | undefined,
  after: Json | undefined,
  absent = 'unset',
): [before: string, after: string] {
  if (typeof before === 'number' && typeof after === 'number') return numbers([before, after]) as [string, string]
  const [was, is] = [text(before, absent), text(after, absent)]
  let alike = 0
  while (alike < was.length && was[alike] === is[alike]) alike++
  const from = Math.max(was.length, is.length) > LONGEST && alike > LONGEST - BEFORE ? alike - BEFORE : 0
  return [cut(was, from), cut(is, from)]
}

function text(value: Json | undefined, absent: string): string {
  return value === undefined ? absent : typeof value === 'number' ? number(value) : canonical(value)
}

function cut(text: string, from: number): string {
  const shown = from === 0 ? text : `…${text.slice(from)}`
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST - 1)}…` : shown
}
