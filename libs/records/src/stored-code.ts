import type { Manifest } from './closure.ts'
import { canonical } from '@cairn/kernel'
import { sha256 } from './key.ts'
import type { CodeName, Layout } from './layout.ts'
import type { ArtifactStore } from './ports.ts'
import { readRecord } from './records.ts'

/** Looks for code under its own name, then under the one that earlier versions of Cairn gave it. */
export async function storedAs<Found>(
  { fingerprint, digest }: CodeName,
  find: (name: CodeName) => Promise<Found | undefined>,
): Promise<Found | undefined> {
  const own = digest === undefined ? undefined : await find({ fingerprint, digest })
  return own ?? find({ fingerprint })
}

/** What stored code consists of, with the files and lines that it was cut from; undefined when it is not stored. */
export function storedManifest(store: ArtifactStore, at: Layout, code: CodeName): Promise<Manifest | undefined> {
  return storedAs(code, (name) => readRecord<Manifest>(store, at.manifest(name)))
}

/** SHA-256 (hex) of which packages code loads, and from where: that decides what runs as much as the code does. */
export function packagesDigest({ imports, packages }: Pick<Manifest, 'imports' | 'packages'>): string {
  return sha256(canonical({ imports, packages: packages.map(({ via: _, ...used }) => used) }))
}
