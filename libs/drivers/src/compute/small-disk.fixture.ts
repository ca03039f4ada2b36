import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Mounts a small disk in memory that a test can fill. Returns undefined if this user may not mount one. */
export function smallDisk(megabytes: number): { readonly path: string; remove(): void } | undefined {
  const path = mkdtempSync(join(tmpdir(), 'cairn-disk-'))
  const remove = () => {
    spawnSync('umount', [path])
    rmdirSync(path)
  }
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes * 1e6}`, 'tmpfs', path])
  if (status === 0) return { path, remove }
  rmdirSync(path)
  return undefined
}
