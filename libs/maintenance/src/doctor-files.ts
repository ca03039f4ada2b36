import { CairnError } from '@cairn/kernel'
import { fileDigest, sha256 } from '@cairn/records'
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
  const named = /-([0-9a-f]{16})\.mjs$/.exec(path)?.[1]
  if (named !== undefined && sha256(bytes).startsWith(named)) return
  findings.push({ path, what: 'the code differs from the code that runs were planned with', repair: MOVED })
  if (repair) await store.move(path, at.quarantine(nameOf(path)))
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
