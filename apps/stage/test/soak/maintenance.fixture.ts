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
/** As control has it from the project, but for the grace, which is an hour at least there: here objects are to go, too. */
const KEPT = { keepRuns: 150, keepMs: 5 * MINUTE_MS, graceMs: 5 * MINUTE_MS }
const CONTEXT = 'soak'
/** Beside faults, a check waits for what is away. Milliseconds. */
const DOCTOR_MS = 180_000

/** Says in the project what control keeps, and that it collects by itself. */
export function retain(world: World): void {
  const file = join(world.root, 'package.json')
  const { cairn, ...rest } = JSON.parse(readFileSync(file, 'utf8')) as { cairn: object }
  const retention = { keepRuns: KEPT.keepRuns, keep: '5m', grace: '1h', every: '1m' }
  writeFileSync(file, JSON.stringify({ ...rest, cairn: { ...cairn, retention } }))
}

/** Of control: how often it looks whether a pipeline is to be collected. */
export const COLLECTS = { CAIRN_COLLECT: '20' }

/** No faults, but nothing of the rest must stand in their way, nor they in its. */
export function maintenance({ world, wrong }: Soaked): Faults {
  return {
    'gc by control': () =>
      world.ask('POST', `/v1/pipelines/${PIPELINE}/collections`, {}).catch(refusal(wrong)) as Promise<unknown>,
    'gc with a short grace': () => collectOnce(world),
    'doctor --on': () => examineOnce(world, wrong),
  }
}

/** In its turn: as control would. */
async function collectOnce({ store, at }: World): Promise<void> {
  const leases = new Leases({ store, clock: systemClock, name: `${thisProcess}/soak` })
  const lease = at.lease('collection')
  const since = performance.now()
  const isLate = async () => performance.now() - since > MINUTE_MS
  if (!(await leases.acquire(lease, isLate, new AbortController().signal))) return
  try {
    await collect(store, systemClock, at, KEPT)
  } finally {
    await leases.release(lease)
    leases.stop()
  }
}

/** A check that cannot be made while something is away tells nothing; what it finds is wrong at any time. */
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
