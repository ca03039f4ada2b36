import { copyFile, link, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CairnError } from '@cairn/kernel'
import {
  fetchObject,
  encodeRecord,
  readRecord,
  storedManifest,
  type CodeName,
  type Layout,
  type ArtifactStore,
  type Checkpoint,
  type RunEnd,
} from '@cairn/records'
import { addCheckpoint, addRun, noReferences } from './references.ts'

/** One pipeline in one store. */
export interface StoreSide {
  readonly store: ArtifactStore
  readonly at: Layout
}

/** What a copy of a run contained, and how much of it was new in the other store. */
export interface CopyReport {
  /** Number of objects that the run and its checkpoints reference. */
  readonly objects: number
  /** Number of objects that the other store lacked. */
  readonly copied: number
  /** Size of the copied objects. */
  readonly bytes: number
  /** Number of checkpoints that the run references and that still exist. */
  readonly checkpoints: number
}

const AT_ONCE = 8

/**
 * Copies a finished run into another store with everything that it references, so that its results are reused there. To
 * another environment it copies only the results, not the run. Idempotent, also after an interruption.
 *
 * @param onObject called after each object with the number done and the total
 * @throws CairnError BAD_PARAMETER for a run that has not ended; NOT_FOUND when it or an object was removed
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
  await requirePlan(from, run) // before any of its records is written
  await copyRecords(from, to, run)
  return report
}

/** Copies a run's results without the run and its code, so that nothing in the other store can be run. */
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
  const end = await readRecord<RunEnd>(from.store, from.at.runEnd(run))
  await requirePlan(from, run)
  if (!end) throw new CairnError('BAD_PARAMETER', `run ${run} has not ended`, { next: `cairn show ${run}` })
  const found = noReferences()
  await addRun(from.store, from.at, run, found)
  await requirePlan(from, run) // otherwise the references may be incomplete
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

/**
 * Copies the plan last: without a plan there is no run, and a run with a plan but no end would count as unfinished.
 * Garbage collection removes the plan first, so while it is there, nothing else was removed.
 */
async function copyRecords({ store, at }: StoreSide, to: StoreSide, run: string): Promise<void> {
  await each(await store.children(at.ends(run)), async (file) => {
    const path = at.end(run, at.taskOf(file))
    await copyRecord(store, path, to.store, path)
  })
  await each(await store.children(at.logs(run)), (file) => {
    const path = at.logs(run) + file
    return copyRecord(store, path, to.store, path)
  })
  requireCopied(run, await copyRecord(store, at.runEnd(run), to.store, at.runEnd(run)))
  requireCopied(run, await copyRecord(store, at.plan(run), to.store, at.plan(run)))
}

async function requirePlan({ store, at }: StoreSide, run: string): Promise<void> {
  requireCopied(run, (await store.stat(at.plan(run))) !== undefined)
}

function requireCopied(run: string, isThere: boolean): void {
  if (isThere) return
  throw new CairnError('NOT_FOUND', `run ${run} was not copied: a collection removed it in the meantime`, {
    next: 'list the remaining runs: cairn runs; to keep more of them, change "retention" in package.json',
  })
}

/**
 * Copies an object.
 *
 * @returns its size in bytes; undefined when it was there already
 */
async function copyObject(
  from: StoreSide,
  to: StoreSide,
  digest: string,
  scratch: string,
): Promise<number | undefined> {
  if (await to.store.stat(to.at.object(digest))) return undefined
  const file = await fetchObject(from.store, from.at, digest)
  if (file === undefined)
    throw new CairnError(
      'NOT_FOUND',
      `object ${digest} is not in the store: it is damaged, or a collection removed it in the meantime`,
      {
        next: 'check that the run still exists: cairn runs; check the store: cairn doctor',
      },
    )
  const own = join(scratch, digest) // `put` may move the file
  await link(file, own).catch(() => copyFile(file, own))
  await to.store.put(to.at.object(digest), { file: own })
  return (await to.store.stat(to.at.object(digest)))?.size ?? 0
}

async function copyCode(from: StoreSide, to: StoreSide, name: CodeName): Promise<void> {
  const manifest = await storedManifest(from.store, from.at, name)
  const code = await from.store.read(from.at.code(name))
  if (!manifest || !code) return
  await to.store.create(to.at.manifest(name), encodeRecord(manifest, to.at.manifest(name)))
  await to.store.create(to.at.code(name), code)
}

/**
 * Copies a record.
 *
 * @returns false when there is none
 */
async function copyRecord(from: ArtifactStore, source: string, to: ArtifactStore, target: string): Promise<boolean> {
  const bytes = await from.read(source)
  if (bytes) await to.create(target, bytes)
  return bytes !== undefined
}

async function each<Item>(items: Iterable<Item>, work: (item: Item) => Promise<unknown>): Promise<void> {
  const left = [...items]
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}
