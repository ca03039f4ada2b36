import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bytesOf, type Damage } from './scenario.ts'

/** Damages a store as disks, people and other programs do. */
export function damage(store: string, { how, file, at, text }: Damage): void {
  const all = filesIn(store)
  if (all.length === 0) return
  const path = all[file % all.length]!
  const bytes = readFileSync(path)
  switch (how) {
    case 'truncate':
      return write(path, bytes.subarray(0, at % (bytes.length + 1)))
    case 'flip':
      if (bytes.length > 0) bytes[at % bytes.length]! ^= 1 << (at % 8)
      return write(path, bytes)
    case 'empty':
      return write(path, Buffer.alloc(0))
    case 'replace':
      return write(path, bytesOf(text))
    case 'delete':
      return rmSync(path)
    case 'folder':
      rmSync(path)
      return mkdirSync(path)
    case 'add':
      return write(join(dirname(path), `foreign-${at}`), bytesOf(text))
    case 'swap': {
      const other = all[at % all.length]!
      if (other === path) return
      renameSync(path, `${path}.swapped`)
      renameSync(other, path)
      return renameSync(`${path}.swapped`, other)
    }
  }
}

function write(path: string, bytes: Uint8Array): void {
  rmSync(path, { force: true })
  writeFileSync(path, bytes)
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
