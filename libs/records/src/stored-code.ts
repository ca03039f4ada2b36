import type { Manifest } from './closure.ts'
import { canonical } from '@cairn/kernel'
import { sha256 } from './key.ts'
import type { CodeName, Layout } from './layout.ts'
import type { ArtifactStore } from './ports.ts'
import { readRecord } from './records.ts'

/** Looks up code under its current name, then under the name that earlier versions of Cairn used. */
export async function storedAs<Found>(
  { fingerprint, digest }: CodeName,
  find: (name: CodeName) => Promise<Found | undefined>,
): Promise<Found | undefined> {
  const own = digest === undefined ? undefined : await find({ fingerprint, digest })
  return own ?? find({ fingerprint })
}

/** Reads the manifest of stored code, with the files and lines it came from; undefined when the code is not stored. */
export function storedManifest(store: ArtifactStore, at: Layout, code: CodeName): Promise<Manifest | undefined> {
  return storedAs(code, (name) => readRecord<Manifest>(store, at.manifest(name)))
}

/**
 * Computes the SHA-256 (hex) of the packages that code loads and where from. They affect the result as much as the
 * code.
 */
export function packagesDigest({ imports, packages }: Pick<Manifest, 'imports' | 'packages'>): string {
  return sha256(canonical({ imports, packages: packages.map(({ via: _, ...used }) => used) }))
}
