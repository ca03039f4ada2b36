import type { ArtifactRef } from '@cairn/kernel'
import { inlineBytes } from './artifact.ts'
import { sha256 } from './key.ts'
import type { Layout } from './layout.ts'
import type { ArtifactStore } from './ports.ts'
import type { PlannedStep } from './plan-record.ts'
import { claim, decodeRecord, encodeRecord } from './records.ts'
import { statObject } from './stored-object.ts'
import type { Checkpoint } from './checkpoint-record.ts'

/** The result of a look-up: a usable checkpoint (`hit`), one that must be replaced (`stale`), or none. */
export type Lookup =
  | { readonly hit: Checkpoint }
  | { readonly hit: undefined; readonly stale?: Uint8Array; readonly reason: 'none' | Unusable }
type Unusable = 'expired' | 'of later' | 'object missing' | 'altered'

/**
 * Looks for a checkpoint that can be reused: it is not too old, has all outputs, and its content is stored.
 *
 * @param key the checkpoint's key, from `checkpointKey`
 * @param now current time in milliseconds since 1970, to compare with the maximum age in `cache`
 * @throws CairnError BAD_RECORD when the checkpoint cannot be decoded
 */
export async function lookUp(
  store: ArtifactStore,
  at: Layout,
  step: string,
  key: string,
  { cache, outputs }: Pick<PlannedStep, 'cache' | 'outputs'>,
  now: number,
): Promise<Lookup> {
  const path = at.checkpoint(step, key)
  const bytes = await store.read(path)
  if (!bytes) return { hit: undefined, reason: 'none' }
  const checkpoint = decodeRecord<Checkpoint>(bytes, path)
  if (cache && 'maxAgeMs' in cache) {
    const age = now - checkpoint.computedAt
    // The clock was set back after this was computed, so its age is unknown.
    if (age < 0) return { hit: undefined, stale: bytes, reason: 'of later' }
    if (age > cache.maxAgeMs) return { hit: undefined, stale: bytes, reason: 'expired' }
  }
  const lacksOutput = Object.keys(outputs).some((name) => !Object.hasOwn(checkpoint.outputs, name))
  if (lacksOutput || mismatchedOutput(checkpoint) !== undefined)
    return { hit: undefined, stale: bytes, reason: 'altered' }
  for (const ref of Object.values(checkpoint.outputs))
    if (!(await isStored(store, at, ref))) return { hit: undefined, stale: bytes, reason: 'object missing' }
  return { hit: checkpoint }
}

/** Names the first inline output whose content does not match its digest; undefined when all match. */
export function mismatchedOutput({ outputs }: Pick<Checkpoint, 'outputs'>): string | undefined {
  for (const [name, ref] of Object.entries(outputs)) {
    const held = inlineBytes(ref)
    if (held && sha256(held) !== ref.digest) return `its output "${name}" does not match its digest`
  }
  return undefined
}

/** Whether an artifact's content is stored, inline or as an object. Of a list it checks the manifest, not the items. */
export async function isStored(store: ArtifactStore, at: Layout, ref: ArtifactRef): Promise<boolean> {
  if (ref.text !== undefined || ref.base64 !== undefined) return true
  return (await statObject(store, at, ref.digest))?.size === ref.size
}

/**
 * Stores a checkpoint and returns the one that is valid. If another process has stored one meanwhile, that one is
 * returned, so that all runs continue with the same bytes. An existing one is replaced only if it is `stale` or with
 * `force`.
 */
export async function storeCheckpoint(
  store: ArtifactStore,
  at: Layout,
  made: Checkpoint,
  { stale, force = false }: { readonly stale?: Uint8Array; readonly force?: boolean } = {},
): Promise<Checkpoint> {
  const path = at.checkpoint(made.step, made.key)
  if (!stale && !force) return claim(store, path, made)
  for (;;) {
    const present = await store.read(path)
    if (!present) return claim(store, path, made)
    const standing = decodeRecord<Checkpoint>(present, path)
    if (!force && !Buffer.from(present).equals(stale!)) return standing
    const next = { ...made, generation: standing.generation + 1 }
    if (await store.replace(path, present, encodeRecord(next, path))) return next
  }
}
