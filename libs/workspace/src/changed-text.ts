import { canonical, type Json } from '@cairn/kernel'
import { number, numbers } from './number-text.ts'

/** Maximum characters of a value that are shown. */
const MAX_LENGTH = 40
/** Characters of the common part that are shown before the first difference. */
const BEFORE = 12

/** Formats two different values so that the difference is visible. Of long values, it shows the part that differs. */
export function changedTexts(
  before: Json | undefined,
  after: Json | undefined,
  absent = 'unset',
): [before: string, after: string] {
  if (typeof before === 'number' && typeof after === 'number') return numbers([before, after]) as [string, string]
  const [was, is] = [text(before, absent), text(after, absent)]
  let alike = 0
  while (alike < was.length && was[alike] === is[alike]) alike++
  const from = Math.max(was.length, is.length) > MAX_LENGTH && alike > MAX_LENGTH - BEFORE ? alike - BEFORE : 0
  return [cut(was, from), cut(is, from)]
}

function text(value: Json | undefined, absent: string): string {
  return value === undefined ? absent : typeof value === 'number' ? number(value) : canonical(value)
}

function cut(text: string, from: number): string {
  const shown = from === 0 ? text : `…${text.slice(from)}`
  return shown.length > MAX_LENGTH ? `${shown.slice(0, MAX_LENGTH - 1)}…` : shown
}
