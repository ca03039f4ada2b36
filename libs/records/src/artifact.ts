import { createHash } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CairnError, type Artifact, type ArtifactRef, type Encoded, type EncodedItem } from '@cairn/kernel'
import { sha256 } from './key.ts'
import type { Layout } from './layout.ts'
import { writeManifest } from './manifest.ts'
import type { ArtifactStore, EncodedArtifact } from './ports.ts'
import { fileStamp, markVerified, requireUnchanged, verifiedStamp } from '@cairn/files'

/** Size in bytes from which a verified file is not hashed again. Hashing a smaller file again is cheap. */
const LARGE = 1 << 20
/**
 * Largest artifact, in bytes, whose content is stored inline in the record that names it. This saves one write for
 * each.
 */
const INLINE_BYTES = 4096

/** Computes the digest of an encoded artifact and lists the content that must still be stored. */
export function makeArtifact(encoded: Encoded | EncodedItem): EncodedArtifact {
  const { summary, contentDigest } = encoded
  const label = 'label' in encoded ? encoded.label : undefined
  const about = {
    ...(summary && { summary }),
    ...(contentDigest !== undefined && { contentDigest }),
    ...(label !== undefined && { label }),
  }
  if ('file' in encoded) {
    const { file } = encoded
    const stamp = fileStamp(file)
    const { digest, size } = fileDigest(file)
    return { ref: { digest, size, ...about }, content: { file, stamp } }
  }
  if ('bytes' in encoded) return fromBytes(encoded.bytes, about)
  const items = encoded.items.map(makeArtifact)
  return { ...fromBytes(writeManifest(items.map(({ ref }) => ref)), { ...about, items: items.length }), items }
}

function fromBytes(bytes: Uint8Array, about: Partial<ArtifactRef>): EncodedArtifact {
  const ref = { digest: sha256(bytes), size: bytes.byteLength, ...about }
  if (bytes.byteLength > INLINE_BYTES) return { ref, content: bytes }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString()
  return { ref: { ...ref, ...(Buffer.from(text).equals(buffer) ? { text } : { base64: buffer.toString('base64') }) } }
}

/**
 * Stores the content of an artifact and of its items.
 *
 * @param stored digests that are already stored; the function adds to them. `put` may move a file, so each is stored
 * once.
 */
export async function storeArtifact(
  store: ArtifactStore,
  at: Layout,
  { ref, content, items }: EncodedArtifact,
  stored = new Set<string>(),
): Promise<ArtifactRef> {
  for (const item of items ?? []) await storeArtifact(store, at, item, stored)
  if (!content || stored.has(ref.digest)) return ref
  if ('file' in content) requireUnchanged(content)
  await store.put(at.object(ref.digest), content)
  stored.add(ref.digest)
  return ref
}

/** Returns the content that a record holds inline; undefined when the artifact is stored as an object. */
export function inlineBytes({ text, base64 }: ArtifactRef): Buffer | undefined {
  if (text !== undefined) return Buffer.from(text)
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64')
}

/**
 * Opens an artifact for its kind to decode, and verifies the digest before the first use. Blocks while it reads, so
 * call it only where steps compute.
 *
 * @param fetch returns the local file of an object
 * @param scratch returns a folder to write inline content to, for kinds that need a file
 */
export function openArtifact(
  ref: ArtifactRef,
  fetch: (ref: ArtifactRef) => Promise<string>,
  scratch: () => string,
): Artifact {
  return {
    ref,
    bytes: () => artifactBytes(ref, fetch),
    async path() {
      const held = inlineBytes(ref)
      if (held) {
        const path = join(scratch(), ref.digest)
        writeFileSync(path, held)
        return path
      }
      const path = await fetch(ref)
      verifyOnce(ref, path, () => fileDigest(path).digest)
      return path
    },
    item: (item) => openArtifact(item, fetch, scratch),
  }
}

/**
 * Reads an artifact's bytes and verifies their digest.
 *
 * @throws CairnError CORRUPT when the bytes do not match the digest
 */
export async function artifactBytes(ref: ArtifactRef, fetch: (ref: ArtifactRef) => Promise<string>): Promise<Buffer> {
  const held = inlineBytes(ref)
  if (held) {
    checkDigest(ref, sha256(held))
    return held
  }
  const path = await fetch(ref)
  let bytes: Buffer | undefined
  verifyOnce(ref, path, () => sha256((bytes = readFileSync(path))))
  return bytes ?? readFileSync(path)
}

/** @param digest hashes the file; not called for a large file that is unchanged since it was verified */
function verifyOnce(ref: ArtifactRef, path: string, digest: () => string): void {
  const stamp = fileStamp(path)
  if (ref.size >= LARGE && verifiedStamp(ref.digest) === stamp) return
  checkDigest(ref, digest())
  markVerified(ref.digest, stamp)
}

/** The error for an object that a record refers to and the store does not have. */
export function objectNotFound(digest: string): CairnError {
  return new CairnError('NOT_FOUND', `object ${digest} is not in the store`, {
    next: 'run cairn doctor --repair to move the records that refer to it out of use; the next run then computes it again',
  })
}

function checkDigest({ digest, size }: ArtifactRef, found: string): void {
  if (found === digest) return
  throw new CairnError('CORRUPT', `object ${digest} (${size} bytes) is damaged: the digest of its bytes is ${found}`, {
    next: 'run cairn doctor --repair to move it out of use; the next run then computes it again',
  })
}

/**
 * Computes the SHA-256 (hex) and the size of a file, read in chunks. Blocks, so call it only in processes that compute.
 */
export function fileDigest(path: string): { digest: string; size: number } {
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafe(1 << 20)
  const file = openSync(path, 'r')
  let size = 0
  try {
    for (let read: number; (read = readSync(file, piece)) > 0; size += read) hash.update(piece.subarray(0, read))
  } finally {
    closeSync(file)
  }
  return { digest: hash.digest('hex'), size }
}

/** Whether an output, or one of its items, is a file that the step body wrote. */
export function holdsFile({ content, items = [] }: EncodedArtifact): boolean {
  return (content !== undefined && 'file' in content) || items.some(holdsFile)
}
