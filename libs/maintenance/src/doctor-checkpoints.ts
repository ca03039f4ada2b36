import { CairnError } from '@cairn/kernel'
import { decodeRecord, mismatchedOutput, type Checkpoint } from '@cairn/records'
import type { Examination } from './examination.ts'
import { missing } from './doctor-records.ts'
import { addCheckpoint, noReferences } from './references.ts'

export async function checkCheckpoint(examination: Examination, path: string): Promise<void> {
  const { store, at, findings, checked, repair } = examination
  checked.checkpoints++
  const what = await faultOf(examination, path)
  if (what === undefined) return
  findings.push({ path, what, repair: 'removed from use: the next run computes it again' })
  const [step, key] = path.split('/').slice(-2)
  if (repair) await store.move(path, `${at.root}quarantine/${step}-${key}`)
}

async function faultOf(examination: Examination, path: string): Promise<string | undefined> {
  const { store, at, checkpointFault } = examination
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
  return checkpointFault?.(checkpoint) ?? mismatchedOutput(checkpoint) ?? missing(examination, referred.objects)
}
