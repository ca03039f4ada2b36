import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Cache } from '../cache.ts'
import { digest, digestBytes } from '../digest.ts'

/** An empty object where there is no such file, or no JSON in it. */
export function readJson(file: string): object {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as object
  } catch {
    return {}
  }
}

/** Of all files of an installed package. Kept for as long as its package.json stays the same file. */
export function contentDigest(folder: string, cache: Cache): string {
  const stat = statSync(join(folder, 'package.json'), { bigint: true, throwIfNoEntry: false })
  const stamp = `${folder} ${stat?.size} ${stat?.mtimeNs} ${stat?.ctimeNs} ${stat?.ino}`
  const key = `files:${encodeURIComponent(stamp)}`
  const known = stat && cache.get<string>(key)
  if (known !== undefined) return known
  const computed = digest('files', [...files(folder, '')])
  cache.set(key, computed)
  return computed
}

function* files(folder: string, path: string): Generator<string> {
  const entries = readdirSync(join(folder, path), { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = path ? `${path}/${entry.name}` : entry.name
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules') yield* files(folder, inner)
    } else if (entry.isSymbolicLink()) yield* ['link', inner, readlinkSync(join(folder, inner))]
    else if (entry.isFile()) yield* ['file', inner, digestBytes(readFileSync(join(folder, inner)))]
  }
}
