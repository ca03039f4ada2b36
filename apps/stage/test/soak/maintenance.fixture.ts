import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { thisProcess } from '@cairn/drivers/process-id'
import { collect, type Checkup } from '@cairn/maintenance'
import { Leases } from '@cairn/engine'
import { systemClock } from '@cairn/records'
import { REPOSITORY } from '../faults/programs.fixture.ts'
import { PIPELINE, type World } from '../faults/world.fixture.ts'
import { refusal } from './answers.fixture.ts'
import type { Faults, Soaked } from './faults.fixture.ts'

const MINUTE_MS = 60_000
/** The retention of control, except for a shorter grace period, so that objects are deleted, too. Control needs 1 h. */
const KEPT = { keepRuns: 150, keepMs: 5 * MINUTE_MS, graceMs: 5 * MINUTE_MS }
const CONTEXT = 'soak'
/** Timeout of `cairn doctor`, in milliseconds; long because it waits for the end of outages. */
const DOCTOR_MS = 180_000

/** Writes the retention to the project, so that control collects by itself. */
export function retain(world: World): void {
  const file = join(world.root, 'package.json')
  const { cairn, ...rest } = JSON.parse(readFileSync(file, 'utf8')) as { cairn: object }
  const retention = { keepRuns: KEPT.keepRuns, keep: '5m', grace: '1h', every: '1m' }
  writeFileSync(file, JSON.stringify({ ...rest, cairn: { ...cairn, retention } }))
}

/** Environment of control: the seconds between its checks whether a collection is due. */
export const COLLECTS = { CAIRN_COLLECT: '20' }

/** Maintenance commands, which must work during faults and must not disturb anything else. */
export function maintenance({ world, wrong }: Soaked): Faults {
  return {
    'gc by control': () =>
      world.ask('POST', `/v1/pipelines/${PIPELINE}/collections`, {}).catch(refusal(wrong)) as Promise<unknown>,
    'gc with a short grace': () => collectOnce(world),
    'doctor --on': () => examineOnce(world, wrong),
  }
}

/** Collects while holding the lease of collections, as control does. */
async function collectOnce({ store, at }: World): Promise<void> {
  const leases = new Leases({ store, clock: systemClock, name: `${thisProcess}/soak` })
  const lease = at.lease('collection')
  const since = performance.now()
  const shouldStop = async () => performance.now() - since > MINUTE_MS
  if (!(await leases.acquire(lease, shouldStop, new AbortController().signal))) return
  try {
    await collect(store, systemClock, at, KEPT)
  } finally {
    await leases.release(lease)
    leases.stop()
  }
}

/** Runs `cairn doctor --on` and adds its findings to `wrong`. Ignores a check that fails because of an outage. */
export async function examineOnce(world: World, wrong: string[]): Promise<void> {
  world.writeContext(CONTEXT)
  const main = join(REPOSITORY, 'apps/cli/bin/cairn.js')
  const printed = await new Promise<string>((done) => {
    const args = [main, '--json', 'doctor', '--on', CONTEXT]
    const child = execFile(process.execPath, args, { cwd: world.root, timeout: DOCTOR_MS }, (_, stdout) => done(stdout))
    child.stdin!.end()
  })
  if (printed === '') return
  const { pipelines } = JSON.parse(printed) as { pipelines?: Readonly<Record<string, Checkup>> }
  for (const { findings } of Object.values(pipelines ?? {}))
    for (const { path, what } of findings) wrong.push(`doctor --on, beside all else: ${path}: ${what}`)
}
