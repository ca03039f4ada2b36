import type { Manifest } from './closure.ts'
import { canonical } from '@cairn/kernel'
import { sha256 } from './key.ts'
import type { CodeName, Layout } from './layout.ts'
import type { ArtifactStore } from './ports.ts'
import { readRecord } from './records.ts'

/** Reads the manifest of stored code, with the files and lines it came from; undefined when the code is not stored. */
export function storedManifest(store: ArtifactStore, at: Layout, code: CodeName): Promise<Manifest | undefined> {
  return readRecord<Manifest>(store, at.manifest(code))
}

/**
 * Computes the SHA-256 (hex) of the packages that code loads and where from. They affect the result as much as the
 * code.
 */
export function packagesDigest({ imports, packages }: Pick<Manifest, 'imports' | 'packages'>): string {
  return sha256(canonical({ imports, packages: packages.map(({ via: _, ...used }) => used) }))
}
