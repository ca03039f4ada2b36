import { retryOf } from '@cairn/workspace'
import { jsonText, type Json } from '@cairn/kernel'
import type { EndRecord, Plan } from '@cairn/records'
import { quoted } from './given-options.ts'

/** The command that continues a run with its original options: `cairn run train --set trees=400`. */
export function continueCommand(plan: Plan, ends: ReadonlyMap<string, EndRecord>): string {
  const { settings = {}, from = [], until = [], force = [] } = retryOf(plan, ends, undefined)
  const { pipeline, parent } = plan
  const start = parent === undefined ? {} : { from, base: from.length > 0 ? [parent] : [] }
  const options = {
    set: Object.entries(settings as Readonly<Record<string, Json>>).map(([name, value]) => `${name}=${asTyped(value)}`),
    ...start,
    until,
    force,
  }
  const given = Object.entries(options).flatMap(([option, values]) =>
    values.map((value) => ` --${option} ${quoted(value)}`),
  )
  return `cairn run ${pipeline}${given.join('')}`
}

/** A value as typed on the command line: a plain word as it is, anything else as JSON. */
function asTyped(value: Json): string {
  const isWord = typeof value === 'string' && /^[A-Za-z_][\w./:@-]*$/.test(value)
  return isWord && !CONSTANTS.has(value) ? value : jsonText(value)
}
const CONSTANTS: ReadonlySet<unknown> = new Set(['true', 'false', 'null'])
