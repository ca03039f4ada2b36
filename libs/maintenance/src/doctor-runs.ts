import { undefinedOn } from '@cairn/kernel/contract'
import { codeName, readRecord, type Plan, type ArtifactStore } from '@cairn/records'
import type { Examination } from './examination.ts'
import { damagedIn, missing, setAside } from './doctor-records.ts'
import { addRun, noReferences } from './references.ts'

export async function checkRun(examination: Examination, folder: string): Promise<void> {
  const { store, at, findings, checked, repair, planFault } = examination
  const run = folder.slice(at.runs.length)
  if (await isEmpty(store, at.run(run))) return // garbage collection may leave an empty folder
  checked.runs++
  const paths = [at.plan(run), at.runEnd(run), at.holder(run)]
  for (const folder of [at.ends(run), at.attempts(run), at.unfits(run), at.logs(run)])
    for (const file of await store.children(folder)) paths.push(folder + file)
  const damaged = await damagedIn(examination, paths)
  const isRun = !damaged.includes(at.plan(run))
  if (repair) await setAside(examination, isRun ? damaged : await pathsIn(store, at.run(run)))
  if (!isRun) return
  const plan = await readRecord<Plan>(store, at.plan(run)).catch(undefinedOn('BAD_RECORD'))
  const fault = plan && planFault?.(plan)
  if (fault !== undefined)
    findings.push({
      path: at.plan(run),
      what: fault,
      repair: 'none: stages do not run it, and cairn gc removes it once it is old enough',
    })
  if (!(await store.stat(at.plan(run))))
    findings.push({
      path: at.plan(run),
      what: `run ${run} has no plan`,
      repair: 'none: the run is over, and cairn gc removes it once it is old enough',
    })
  const referred = noReferences()
  await addRun(store, at, run, referred, () => {}).catch(undefinedOn('BAD_RECORD'))
  if (!(await store.stat(at.runEnd(run))))
    for (const code of referred.code.values())
      if (!(await store.stat(at.code(code))))
        findings.push({
          path: at.plan(run),
          what: `it needs the code ${codeName(code)}, which is not in the store`,
          repair: 'none: cancel the run, and start a new one, which stores its code again',
        })
  const what = await missing(examination, referred.objects)
  if (what !== undefined)
    findings.push({
      path: at.run(run),
      what,
      repair: 'none: the run is over; run the pipeline again to get the outputs',
    })
}

async function pathsIn(store: ArtifactStore, folder: string): Promise<string[]> {
  const paths: string[] = []
  for await (const { path } of store.list(folder)) paths.push(path)
  return paths
}

async function isEmpty(store: ArtifactStore, folder: string): Promise<boolean> {
  for await (const _ of store.list(folder)) return false
  return true
}
