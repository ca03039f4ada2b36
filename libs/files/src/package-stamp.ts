import { hash } from 'node:crypto'
import { lstatSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The files of an installed package as they are on the disk now, without reading them. */
export interface PackageStamp {
  /** Differs as soon as any of them is written, replaced, added or removed, whatever times it is given. */
  readonly stamp: string
  readonly files: readonly PackageFile[]
  /** When the last change was made to any of them or of the folders that hold them, in nanoseconds. */
  readonly changedAt: bigint
}
/** A file or link of an installed package. */
export interface PackageFile {
  /** Relative to the package's folder, with forward slashes. */
  readonly path: string
  readonly isLink: boolean
  /** When its bytes, and when anything about it, were changed last: in nanoseconds. */
  readonly writtenAt: bigint
  readonly changedAt: bigint
}

/** Of a package's own files: those of other packages below it are not its own. */
export function packageStamp(folder: string): PackageStamp {
  const files: PackageFile[] = []
  const stamps = [folder]
  let changedAt = 0n
  for (const { path, is } of entries(folder, '')) {
    const { size, mtimeNs, ctimeNs, ino } = lstatSync(join(folder, path), { bigint: true })
    if (ctimeNs > changedAt) changedAt = ctimeNs
    if (is === 'folder') continue // its times say no more than those of what it holds, but for what is gone
    files.push({ path, isLink: is === 'link', writtenAt: mtimeNs, changedAt: ctimeNs })
    stamps.push(`${path} ${size} ${mtimeNs} ${ctimeNs} ${ino}`)
  }
  for (let above = dirname(folder); above.includes('node_modules'); above = dirname(above)) {
    const { ctimeNs } = lstatSync(above, { bigint: true })
    if (ctimeNs > changedAt) changedAt = ctimeNs
  }
  return { stamp: hash('sha256', stamps.join('\n')), files, changedAt }
}

interface Entry {
  readonly path: string
  readonly is: 'file' | 'link' | 'folder'
}

function* entries(folder: string, path: string): Generator<Entry> {
  yield { path, is: 'folder' }
  const found = readdirSync(join(folder, path), { withFileTypes: true })
  for (const entry of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = path ? `${path}/${entry.name}` : entry.name
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules') yield* entries(folder, inner)
    } else if (entry.isSymbolicLink()) yield { path: inner, is: 'link' }
    else if (entry.isFile()) yield { path: inner, is: 'file' }
  }
}
