import { CairnError } from '@cairn/kernel'
import { undefinedOn } from '@cairn/kernel/contract'
import {
  fileDigest,
  sha256,
  codeName,
  readRecord,
  storedAs,
  type Layout,
  type Plan,
  type ArtifactStore,
} from '@cairn/records'
import type { Examination, Finding } from './examination.ts'
import { checkRecord, MOVED } from './doctor-records.ts'

export async function checkObject(examination: Examination, path: string, size: number): Promise<void> {
  const { store, at, findings, checked, broken, repair, share = 1 } = examination
  const digest = nameOf(path)
  checked.objects++
  checked.bytes += size
  if (share < 1 && Math.random() >= share) return
  checked.read += size
  const fault = await faultOf(examination, path, digest)
  if (fault === undefined) return
  findings.push({ path, ...fault })
  if (fault !== ALTERED) {
    // Retiring what references it would not help: a run that computes it again finds it already stored.
    if (!repair) broken.add(digest)
    return
  }
  broken.add(digest)
  if (repair) await store.move(path, at.quarantine(digest))
}

type Fault = Omit<Finding, 'path'>
const ALTERED: Fault = { what: 'its content does not match its digest', repair: MOVED }

/** If the store responds and fails for this object alone, the object is lost, and the others can still be checked. */
async function faultOf(examination: Examination, path: string, digest: string): Promise<Fault | undefined> {
  try {
    return (await isWhole(examination, path, digest)) ? undefined : ALTERED
  } catch (error) {
    if (!(error instanceof CairnError && error.code === 'STORE_FAILED')) throw error
    if (!(await examination.store.stat(path))) throw error
    return {
      what: `the store cannot read it: ${error.message}`,
      repair: 'none: repair the disks of the store, or delete the object there; the next run then computes it again',
    }
  }
}

/**
 * Reads twice, because bytes may be damaged in transit only. A store may also refuse to return damaged bytes itself.
 */
async function isWhole({ store, digestOf }: Examination, path: string, digest: string): Promise<boolean> {
  const ofCopy = async () => {
    const file = await store.fetch(path)
    return file === undefined ? undefined : fileDigest(file).digest
  }
  const matches = async () => ((await (digestOf ? digestOf(path) : ofCopy())) ?? digest) === digest
  try {
    return (await matches()) || (await matches())
  } catch (error) {
    if (error instanceof CairnError && error.code === 'CORRUPT') return false
    throw error
  }
}

/** Checks stored code, and its manifest. */
export async function checkCode(examination: Examination, path: string): Promise<void> {
  const { store, at, findings, repair } = examination
  if (path.endsWith('.json')) return checkRecord(examination, path)
  const bytes = await store.read(path)
  if (!bytes) return
  const digest = sha256(bytes)
  const named = /-([0-9a-f]{16})\.mjs$/.exec(path)?.[1]
  const pinned = named ?? (await pinsOf(examination)).get(path) ?? digest
  if (digest.startsWith(pinned)) return
  findings.push({ path, what: 'the code differs from the code that runs were planned with', repair: MOVED })
  if (repair) await store.move(path, at.quarantine(nameOf(path)))
}

/** Returns the digests of code whose file name has none, as earlier versions of Cairn stored it, by path. */
function pinsOf(examination: Examination): Promise<ReadonlyMap<string, string>> {
  return (examination.pins ??= pinsIn(examination.store, examination.at))
}

async function pinsIn(store: ArtifactStore, at: Layout): Promise<ReadonlyMap<string, string>> {
  const pinned = new Map<string, string>()
  const seen = new Set<string>()
  // The oldest run counts: a run planned after a change has pinned the changed code.
  for (const run of (await store.children(at.runs)).sort()) {
    const plan = await readRecord<Plan>(store, at.plan(run)).catch(undefinedOn('BAD_RECORD'))
    for (const { code, fallback } of Object.values(plan?.steps ?? {}))
      for (const pin of [code, fallback]) {
        if (!pin || 'inline' in pin || seen.has(codeName(pin))) continue
        seen.add(codeName(pin))
        const path = await storedAs(pin, async (name) =>
          (await store.stat(at.code(name))) ? at.code(name) : undefined,
        )
        if (path !== undefined && !pinned.has(path)) pinned.set(path, pin.digest)
      }
  }
  return pinned
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
