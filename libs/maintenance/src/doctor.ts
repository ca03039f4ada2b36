import type { Layout, ArtifactStore } from '@cairn/records'
import { checkCheckpoint } from './doctor-checkpoints.ts'
import { checkCode, checkObject } from './doctor-files.ts'
import { checkRecord } from './doctor-records.ts'
import { checkRun } from './doctor-runs.ts'
import { entriesOf, type Area, AREAS } from './doctor-walk.ts'
import type { Checkup, CheckupOptions, Examination } from './examination.ts'

const CHECKS: Readonly<Record<Area, (examination: Examination, path: string, size: number) => Promise<void>>> = {
  objects: checkObject,
  code: checkCode,
  checkpoints: checkCheckpoint,
  runs: checkRun,
  others: checkRecord,
}

/**
 * Checks a pipeline's store: every record must be readable, every object must match its digest, and everything that a
 * checkpoint or a terminal record references must exist. Repair never deletes data: it moves broken files to
 * quarantine/, and with them the checkpoints that reference them, so that the next run computes those again.
 */
export async function examine(store: ArtifactStore, at: Layout, options: CheckupOptions = {}): Promise<Checkup> {
  const { from, isEnough, onProgress } = options
  const checkup: Checkup = { findings: [], checked: { runs: 0, checkpoints: 0, objects: 0, bytes: 0, read: 0 } }
  const broken = new Set(from?.broken)
  const examination: Examination = { ...options, ...checkup, store, at, broken }
  for (const area of AREAS.slice(from ? AREAS.indexOf(from.area) : 0))
    for await (const { path, size } of entriesOf(store, at, area, area === from?.area ? from.after : undefined)) {
      await CHECKS[area](examination, path, size)
      onProgress?.(checkup)
      if (isEnough?.(checkup))
        return { ...checkup, next: { area, after: path.slice(at.root.length), broken: [...broken] } }
    }
  return checkup
}
