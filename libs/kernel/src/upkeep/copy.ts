import { copyFile, link, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CairnError } from '../errors.ts'
import type { CodeName, Layout } from '../run/layout.ts'
import type { ArtifactStore } from '../run/ports.ts'
import { encodeRecord, readRecord, type Checkpoint, type RunEnd } from '../run/records.ts'
import { storedAs, storedManifest } from '../run/stored-code.ts'
import { addCheckpoint, addRun, noReferences } from './roots.ts'

/** A pipeline's folder in a store. */
export interface StoreSide {
  readonly store: ArtifactStore
  readonly at: Layout
}

export interface CopyReport {
  readonly objects: number
  /** Of the objects, those that the other store had not. */
  readonly copied: number
  /** Of what was copied. */
  readonly bytes: number
  readonly checkpoints: number
}

const AT_ONCE = 8

/**
 * Brings an ended run into another store, with all that it refers to: then whatever it computed is reused there. Between
 * environments only its results go; the run itself stays where it was. May be done again, or broken off.
 *
 * @param onObject told after each object: how many are done, of how many
 * @throws CairnError BAD_PARAMETER for a run that has not ended
 */
export async function copyRun(
  from: StoreSide,
  to: StoreSide,
  run: string,
  onObject: (done: number, all: number) => void = () => {},
): Promise<CopyReport> {
  const { code, ...report } = await copyReferred(from, to, run, onObject)
  if (from.at.root !== to.at.root) return report
  await each(code, (name) => copyCode(from, to, name))
  await copyRecords(from, to, run)
  return report
}

/** The same without the run itself and without code: nothing that anyone could run. */
export async function copyResults(
  from: StoreSide,
  to: StoreSide,
  run: string,
  onObject: (done: number, all: number) => void = () => {},
): Promise<CopyReport> {
  const { code: _, ...report } = await copyReferred(from, to, run, onObject)
  return report
}

async function copyReferred(
  from: StoreSide,
  to: StoreSide,
  run: string,
  onObject: (done: number, all: number) => void,
): Promise<CopyReport & { readonly code: readonly CodeName[] }> {
  if (!(await readRecord<RunEnd>(from.store, from.at.runEnd(run))))
    throw new CairnError('BAD_PARAMETER', `run ${run} has not ended`, { next: `cairn show ${run}` })
  const found = noReferences()
  await addRun(from.store, from.at, run, found)
  const checkpoints = new Map<string, Checkpoint>()
  await each(found.checkpoints, async (name) => {
    const [step, key] = name.split('/') as [string, string]
    const checkpoint = await readRecord<Checkpoint>(from.store, from.at.checkpoint(step, key))
    if (!checkpoint) return
    checkpoints.set(name, checkpoint)
    await addCheckpoint(from.store, from.at, checkpoint, found)
  })

  let [done, copied, bytes] = [0, 0, 0]
  const scratch = await to.store.scratch()
  try {
    await each(found.objects, async (digest) => {
      const size = await copyObject(from, to, digest, scratch)
      if (size !== undefined) [copied, bytes] = [copied + 1, bytes + size]
      onObject(++done, found.objects.size)
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  await each(checkpoints.keys(), async (name) => {
    const [step, key] = name.split('/') as [string, string]
    await copyRecord(from.store, from.at.checkpoint(step, key), to.store, to.at.checkpoint(step, key))
  })
  return {
    objects: found.objects.size,
    copied,
    bytes,
    checkpoints: checkpoints.size,
    code: [...found.code.values()],
  }
}

/** The plan last: without one there is no run, and with one it is a run that goes on until it has its end. */
async function copyRecords({ store, at }: StoreSide, to: StoreSide, run: string): Promise<void> {
  await each(await store.children(at.ends(run)), async (file) => {
    const path = at.end(run, at.taskOf(file))
    await copyRecord(store, path, to.store, path)
  })
  await each(await store.children(at.logs(run)), (file) => {
    const path = at.logs(run) + file
    return copyRecord(store, path, to.store, path)
  })
  for (const path of [at.runEnd(run), at.plan(run)]) await copyRecord(store, path, to.store, path)
}

/** @returns its bytes; undefined when it was there already */
async function copyObject(
  from: StoreSide,
  to: StoreSide,
  digest: string,
  scratch: string,
): Promise<number | undefined> {
  if (await to.store.stat(to.at.object(digest))) return undefined
  const path = from.at.object(digest)
  const file = (await from.store.fetch(path)) ?? (await from.store.fetch(from.at.condemned(digest)))
  if (file === undefined)
    throw new CairnError('NOT_FOUND', `object ${digest} is not in the store`, { next: 'cairn doctor --repair' })
  const own = join(scratch, digest) // what is put may be moved away
  await link(file, own).catch(() => copyFile(file, own))
  await to.store.put(to.at.object(digest), { file: own })
  return (await from.store.stat(path))?.size ?? 0
}

/** What an earlier version of Cairn stored goes under its own name: there may be another text of its fingerprint there. */
async function copyCode(from: StoreSide, to: StoreSide, name: CodeName): Promise<void> {
  const manifest = await storedManifest(from.store, from.at, name)
  const code = await storedAs(name, (each) => from.store.read(from.at.code(each)))
  if (!manifest || !code) return
  await to.store.create(to.at.manifest(name), encodeRecord(manifest, to.at.manifest(name)))
  await to.store.create(to.at.code(name), code)
}

async function copyRecord(from: ArtifactStore, source: string, to: ArtifactStore, target: string): Promise<void> {
  const bytes = await from.read(source)
  if (bytes) await to.create(target, bytes)
}

async function each<Item>(items: Iterable<Item>, work: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items]
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}
