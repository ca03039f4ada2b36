import { CairnError } from '../errors.ts'
import { inlineBytes } from '../run/artifact.ts'
import { sha256 } from '../run/key.ts'
import type { Layout } from '../run/layout.ts'
import type { Plan } from '../run/plan-record.ts'
import type { ArtifactStore } from '../run/ports.ts'
import { readRecord, type Checkpoint, type EndRecord, type RunEnd } from '../run/records.ts'
import type { Checkup, Finding } from './doctor.ts'
import { addRun, isDamaged, noReferences } from './roots.ts'

export async function checkRuns(
  store: ArtifactStore,
  at: Layout,
  { findings, checked }: Checkup,
  repair: boolean,
  broken: ReadonlySet<string>,
): Promise<void> {
  for (const run of await store.children(at.runs)) {
    if (await isEmpty(store, at.run(run))) continue // of a run that was collected a folder may be left
    checked.runs++
    const paths = [at.plan(run), at.runEnd(run), at.holder(run)]
    for (const folder of [at.ends(run), at.attempts(run), at.unfits(run), at.logs(run)])
      for (const file of await store.children(folder)) paths.push(folder + file)
    const damaged = await damagedIn(store, paths, findings)
    const isRun = !damaged.includes(at.plan(run))
    if (repair) await setAside(store, at, isRun ? damaged : await pathsIn(store, at.run(run)))
    if (!isRun) continue
    if (!(await store.stat(at.plan(run))))
      findings.push({
        path: at.plan(run),
        what: `run ${run} has no plan: nothing can be told of it`,
        repair: 'none: it is history; cairn gc removes it once it is old enough',
      })
    const referred = noReferences()
    await addRun(store, at, run, referred, () => {}).catch(() => {})
    const what = await missing(store, at, referred.objects, broken)
    if (what !== undefined)
      findings.push({ path: at.run(run), what, repair: 'none: it is history; run again to have the outputs' })
  }
}

/** Records that are no part of a run. */
export async function checkOthers(
  store: ArtifactStore,
  at: Layout,
  { findings }: Checkup,
  repair: boolean,
): Promise<void> {
  for (const folder of [at.ref(''), at.lease(''), at.submission('')]) {
    const paths = (await store.children(folder)).map((file) => folder + file)
    const damaged = await damagedIn(store, paths, findings)
    if (repair) await setAside(store, at, damaged)
  }
}

/** Names what is wrong with records. @returns those that can only be set aside */
async function damagedIn(store: ArtifactStore, paths: readonly string[], findings: Finding[]): Promise<string[]> {
  const damaged: string[] = []
  for (const path of paths) {
    const fault = await recordFault(store, path)
    if (fault) findings.push({ path, ...fault })
    if (fault?.repair === MOVED) damaged.push(path)
  }
  return damaged
}

/** A run without its plan is no run, and a task without its end is done again if its run has not ended. */
async function setAside(store: ArtifactStore, at: Layout, paths: readonly string[]): Promise<void> {
  for (const path of paths) await store.move(path, `${at.root}quarantine/${path.slice(at.root.length)}`)
}

async function pathsIn(store: ArtifactStore, folder: string): Promise<string[]> {
  const paths: string[] = []
  for await (const { path } of store.list(folder)) paths.push(path)
  return paths
}

const MOVED = 'moved to quarantine/'

async function isEmpty(store: ArtifactStore, folder: string): Promise<boolean> {
  for await (const _ of store.list(folder)) return false
  return true
}

async function recordFault(store: ArtifactStore, path: string): Promise<Omit<Finding, 'path'> | undefined> {
  try {
    const record = await readRecord<Plan | RunEnd | EndRecord>(store, path)
    const lanes = record && 'lanes' in record ? record.lanes : []
    const what = lanes.flatMap((lane) => (lane.status === 'completed' ? (alteredIn(lane) ?? []) : []))[0]
    return what === undefined ? undefined : { what, repair: 'none: it is history' }
  } catch (error) {
    if (!(error instanceof CairnError && error.code === 'BAD_RECORD')) throw error
    return { what: error.message, repair: isDamaged(error) ? MOVED : `none: ${error.next}` }
  }
}

/** Artifacts that the record itself holds must be what their digests say, too. */
export function alteredIn({ outputs }: Pick<Checkpoint, 'outputs'>): string | undefined {
  for (const [name, ref] of Object.entries(outputs)) {
    const held = inlineBytes(ref)
    if (held && sha256(held) !== ref.digest) return `its output "${name}" does not match its digest`
  }
  return undefined
}

export async function missing(
  store: ArtifactStore,
  at: Layout,
  digests: ReadonlySet<string>,
  broken: ReadonlySet<string>,
): Promise<string | undefined> {
  for (const digest of digests) {
    if (broken.has(digest)) return `it refers to the broken object ${digest}`
    if (!(await store.stat(at.object(digest))) && !(await store.stat(at.condemned(digest))))
      return `it refers to object ${digest}, which is gone`
  }
  return undefined
}
