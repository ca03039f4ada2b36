import type { BigIntStats, Stats } from 'node:fs'

/** Why what is at a path cannot be read as one file; undefined of a file. A pipe or a device may have no end. */
export function whyNoFile(found: Stats | BigIntStats): string | undefined {
  if (found.isFile()) return undefined
  if (found.isDirectory()) return 'it is a folder'
  if (found.isFIFO()) return 'it is a pipe'
  return found.isSocket() ? 'it is a socket' : 'it is a device'
}
