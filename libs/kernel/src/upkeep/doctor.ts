import { CairnError } from '../errors.ts'
import { fileDigest } from '../run/artifact.ts'
import { sha256 } from '../run/key.ts'
import { codeName, type Layout } from '../run/layout.ts'
import type { Plan } from '../run/plan-record.ts'
import type { ArtifactStore } from '../run/ports.ts'
import { decodeRecord, readRecord, type Checkpoint } from '../run/records.ts'
import { storedAs } from '../run/stored-code.ts'
import { alteredIn, checkOthers, checkRuns, missing } from './doctor-runs.ts'
import { addCheckpoint, noReferences } from './roots.ts'

/** Something wrong in a store, and what `repair` did or would do about it. */
export interface Finding {
  readonly path: string
  readonly what: string
  readonly repair: string
}

export interface Checkup {
  readonly findings: Finding[]
  readonly checked: { runs: number; checkpoints: number; objects: number; bytes: number }
}

/**
 * Reads everything of one pipeline and checks it: every record readable, every object what its name says, everything
 * that a checkpoint or a run's ending refers to in its place. Repair never deletes data: what is broken is moved to
 * quarantine/, and checkpoints that name it are retired, so that the next run computes them again.
 */
export async function examine(store: ArtifactStore, at: Layout, { repair = false } = {}): Promise<Checkup> {
  const checkup: Checkup = { findings: [], checked: { runs: 0, checkpoints: 0, objects: 0, bytes: 0 } }
  const broken = await checkObjects(store, at, checkup, repair)
  await checkCode(store, at, checkup, repair)
  await checkCheckpoints(store, at, checkup, repair, broken)
  await checkRuns(store, at, checkup, repair, broken)
  await checkOthers(store, at, checkup, repair)
  return checkup
}

/** Digests of objects that are not what their names say. */
async function checkObjects(
  store: ArtifactStore,
  at: Layout,
  { findings, checked }: Checkup,
  repair: boolean,
): Promise<Set<string>> {
  const broken = new Set<string>()
  for (const folder of ['objects/', 'condemned/'])
    for await (const { path, size } of store.list(at.root + folder)) {
      const digest = path.slice(path.lastIndexOf('/') + 1)
      checked.objects++
      checked.bytes += size
      if (await isWhole(store, path, digest)) continue
      broken.add(digest)
      findings.push({ path, what: 'its bytes do not match its digest', repair: 'moved to quarantine/' })
      if (repair) await store.move(path, at.quarantine(digest))
    }
  return broken
}

/** A store may itself refuse to give damaged bytes. */
async function isWhole(store: ArtifactStore, path: string, digest: string): Promise<boolean> {
  try {
    const file = await store.fetch(path)
    return file === undefined || fileDigest(file).digest === digest
  } catch (error) {
    if (error instanceof CairnError && error.code === 'CORRUPT') return false
    throw error
  }
}

/** Code that runs were planned with. */
async function checkCode(store: ArtifactStore, at: Layout, { findings }: Checkup, repair: boolean): Promise<void> {
  const pinned = new Map<string, string>()
  const seen = new Set<string>()
  // Under the names of earlier versions the oldest run counts: one planned after a change has pinned what it found.
  for (const run of (await store.children(at.runs)).sort())
    for (const { code, fallback } of Object.values((await plan(store, at, run))?.steps ?? {}))
      for (const pin of [code, fallback]) {
        if (!pin || 'inline' in pin || seen.has(codeName(pin))) continue
        seen.add(codeName(pin))
        const path = await storedAs(pin, async (name) =>
          (await store.stat(at.code(name))) ? at.code(name) : undefined,
        )
        if (path !== undefined && !pinned.has(path)) pinned.set(path, pin.digest)
      }
  for (const [path, digest] of pinned) {
    const bytes = await store.read(path)
    if (!bytes || sha256(bytes) === digest) continue
    findings.push({ path, what: 'it is not the code that runs were planned with', repair: 'moved to quarantine/' })
    if (repair) await store.move(path, at.quarantine(path.slice(path.lastIndexOf('/') + 1)))
  }
}

async function plan(store: ArtifactStore, at: Layout, run: string): Promise<Plan | undefined> {
  return readRecord<Plan>(store, at.plan(run)).catch(() => undefined)
}

async function checkCheckpoints(
  store: ArtifactStore,
  at: Layout,
  { findings, checked }: Checkup,
  repair: boolean,
  broken: ReadonlySet<string>,
) {
  for (const step of await store.children(`${at.root}checkpoints/`))
    for (const key of await store.children(at.checkpoints(step))) {
      const path = at.checkpoint(step, key)
      checked.checkpoints++
      const what = await faultOf(store, at, path, broken)
      if (what === undefined) continue
      findings.push({ path, what, repair: 'retired: the next run computes it again' })
      if (repair) await store.move(path, `${at.root}quarantine/${step}-${key}`)
    }
}

async function faultOf(
  store: ArtifactStore,
  at: Layout,
  path: string,
  broken: ReadonlySet<string>,
): Promise<string | undefined> {
  const bytes = await store.read(path)
  if (!bytes) return undefined
  let checkpoint: Checkpoint
  try {
    checkpoint = decodeRecord<Checkpoint>(bytes, path)
  } catch (error) {
    if (!(error instanceof CairnError && error.code === 'BAD_RECORD')) throw error
    return error.message
  }
  const referred = noReferences()
  await addCheckpoint(store, at, checkpoint, referred)
  return alteredIn(checkpoint) ?? missing(store, at, referred.objects, broken)
}
