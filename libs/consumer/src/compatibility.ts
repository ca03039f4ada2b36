import { canonical, type Json, type KindDescription } from '@cairn/kernel/runtime'
import type { Contract } from './contract.ts'

/** What of a changed contract breaks those who rely on the one before, each in a sentence. What is only added breaks no one. */
export function breaksIn(before: Contract, after: Contract): string[] {
  if (before.pipeline !== after.pipeline) return [`pipeline ${before.pipeline} is now called ${after.pipeline}`]
  return Object.entries(before.steps).flatMap(([step, { outputs }]) => {
    const now = after.steps[step]
    if (!now) return [`step ${step} is gone`]
    return Object.entries(outputs).flatMap(([output, kind]) => {
      const given = now.outputs[output]
      return given
        ? kindBreaks(`output "${output}" of ${step}`, kind, given)
        : [`output "${output}" of ${step} is gone`]
    })
  })
}

function kindBreaks(what: string, before: KindDescription, after: KindDescription): string[] {
  if (before.kind !== after.kind) return [`${what} was a ${before.kind} and is a ${after.kind}`]
  if (canonical(before.schema) === canonical(after.schema)) return []
  const columns = [columnsOf(before.schema), columnsOf(after.schema)]
  if (!columns[0] || !columns[1]) return [`${what} has another schema`]
  const now = new Map(columns[1])
  return columns[0].flatMap(([name, type]) => {
    const is = now.get(name)
    if (is === undefined) return [`column "${name}" of ${what} is gone`]
    return is === type || `${is}?` === type ? [] : [`column "${name}" of ${what} was ${type} and is ${is}`]
  })
}

/** Of a table's schema: names and types. */
function columnsOf(schema: Json): [string, string][] | undefined {
  if (typeof schema !== 'object' || schema === null || !('columns' in schema)) return undefined
  return schema.columns as unknown as [string, string][]
}
