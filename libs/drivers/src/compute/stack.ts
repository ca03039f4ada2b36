import { sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ErrorRecord } from '@cairn/kernel/runtime'

const MAP = '//# sourceMappingURL=data:application/json;base64,'

/** A stored closure whose source map says where in the project its sources are, not beside the closure. */
export function withSourcesIn(root: string, code: string): string {
  const at = code.lastIndexOf(MAP)
  if (at === -1) return code
  const map = JSON.parse(Buffer.from(code.slice(at + MAP.length), 'base64').toString()) as { sources: string[] }
  const sources = map.sources.map((source) => pathToFileURL(`${root}${sep}${source}`).href)
  const json = JSON.stringify({ ...map, sources })
  return `${code.slice(0, at)}${MAP}${Buffer.from(json).toString('base64')}\n`
}

/**
 * The record with files named as in the project, wherever the host has it, and without what is below the project's own
 * code on the stack: how Cairn came to call it.
 */
export function inProject<Found extends ErrorRecord>(record: Found, root: string): Found {
  if (record.stack === undefined) return record
  const lines = record.stack.split('\n')
  const isOwn = (line: string) =>
    /^\s+at /.test(line) && line.includes(`${root}${sep}`) && !line.includes(`${sep}node_modules${sep}`)
  const last = lines.findLastIndex(isOwn)
  const kept = last === -1 ? lines : lines.slice(0, last + 1)
  const prefixes = [`${pathToFileURL(root).href}/`, `${root}${sep}`]
  const shorten = (line: string) => prefixes.reduce((text, prefix) => text.replaceAll(prefix, ''), line)
  return { ...record, stack: kept.map((line) => (/^\s+at /.test(line) ? shorten(line) : line)).join('\n') }
}
