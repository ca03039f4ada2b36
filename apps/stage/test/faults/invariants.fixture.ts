import { isDeepStrictEqual } from 'node:util'
import { collect, examine, type Checkup } from '@cairn/maintenance'
import { readRecord, systemClock, type EndRecord, type Plan, type RunEnd } from '@cairn/records'
import { RunState } from '@cairn/engine'
import type { World } from './world.fixture.ts'

/** Figures of a check in which all invariants held. */
export interface Report {
  readonly submitted: number
  /** Number of runs by status. */
  readonly ended: Readonly<Record<string, number>>
  /** Number of complete runs that garbage collection has removed. */
  readonly collected: number
  readonly tasks: number
  readonly records: number
  /** Number of distinct terminal events that the consumer received. */
  readonly effects: number
  /** Number of duplicates of them that it received. */
  readonly duplicates: number
  readonly attempts: number
  readonly objects: number
  readonly orphans: number
  readonly lag: number
  /** Number of processes that ended. */
  readonly deaths: number
  /** How often control published the events of a run again. */
  readonly publishedAgain: number
  /** How often control wrote the end of a run. */
  readonly endsWritten: number
}

const ENDINGS = new Set(['completed', 'failed', 'timed-out', 'cancelled', 'skipped', 'blocked'])

/** The terminal records of a run. */
export interface EndedRun {
  readonly end: RunEnd | undefined
  /** By task. */
  readonly ends: ReadonlyMap<string, EndRecord>
}
export interface CheckOptions {
  /** Maximum wait for each condition, in milliseconds. Default: 300,000. */
  readonly patienceMs?: number
  /** Runs that were complete earlier. Their records must not have changed, but may have been collected. */
  readonly earlier?: ReadonlyMap<string, EndedRun>
  /** Further checks. Returns violations. */
  readonly more?: () => Promise<string[]>
}

/**
 * Checks everything that must hold after any fault for the runs whose submission was acknowledged.
 *
 * @throws Error that lists the violations
 */
export async function checkInvariants(world: World, options: CheckOptions = {}): Promise<Report> {
  const { patienceMs = 300_000, earlier = new Map<string, EndedRun>(), more } = options
  const wrong: string[] = []
  const { submitted } = world
  await world.untilEnded(submitted.keys(), patienceMs)
  const lag = await drained(world, world.steps, patienceMs)

  const ended: Record<string, number> = {}
  const counted = { tasks: 0, records: 0, attempts: 0, collected: 0 }
  const wanted = new Set<string>()
  for (const plan of submitted.values()) {
    const { run } = plan
    const isThere = (await world.store.stat(world.at.plan(run))) !== undefined
    const seen = earlier.get(run)
    const found = isThere ? await readEnded(world, run) : seen
    if (!found) {
      wrong.push(`${run} is gone, and was never seen to be complete`)
      continue
    }
    if (isThere && seen && !isDeepStrictEqual(found, seen)) wrong.push(`${run}: a terminal record was changed`)
    judge(world, plan, found, wrong)
    const status = found.end?.status ?? 'none'
    ended[status] = (ended[status] ?? 0) + 1
    found.ends.forEach(({ attempts }) => (counted.attempts += attempts))
    counted.collected += isThere ? 0 : 1
    counted.tasks += found.ends.size + missing(plan, found).length
    counted.records += found.ends.size
    wanted.add(`${run}/run-ended`)
    for (const [task, { status }] of found.ends) wanted.add(`${run}/${task}/${status}`)
  }
  for (const run of await world.store.children(world.at.runs))
    if (!world.tried.has(run)) wrong.push(`${run} is a run that no one asked for`)
  const { effects, duplicates } = await checkEffects(world, wanted, wrong, patienceMs)
  const { checked, findings } = await examined(world)
  for (const { path, what } of findings) wrong.push(`${path}: ${what}`)
  const orphans = await removeOrphans(world, wrong)

  await world
    .until('no process is left behind', () => world.leftBehind().length === 0, patienceMs)
    .catch(() => wrong.push(`left behind by services that are gone: ${world.leftBehind().join(', ')}`))
  if (more) wrong.push(...(await more()))
  const logs = world.replicas.map((replica) => replica.logs).join('')
  const publishedAgain = logs.split('"msg":"it had stalled').length - 1
  const endsWritten = logs.split('"msg":"it had ended, but its end').length - 1
  if (publishedAgain + endsWritten > 0 && !world.mayHelp)
    wrong.push(`control had to help: ${publishedAgain}, ${endsWritten}`)
  if (wrong.length > 0) throw new Error(`${wrong.length} invariants do not hold:\n${wrong.slice(0, 30).join('\n')}`)
  return {
    submitted: submitted.size,
    ended,
    ...counted,
    effects,
    duplicates,
    objects: checked.objects,
    orphans,
    lag,
    deaths: world.replicas.reduce((sum, { ends }) => sum + ends.length, 0),
    publishedAgain,
    endsWritten,
  }
}

/** Formats a report, one line for each figure. */
export function asTable(report: Report): string {
  const { ended, ...rest } = report
  const ends = Object.entries(ended).map(([status, count]) => `${count} ${status}`)
  const lines: [string, unknown][] = [
    ['runs submitted', rest.submitted],
    ['runs ended', ends.join(', ')],
    ['of them collected since', rest.collected],
    ['tasks', rest.tasks],
    ['terminal records', rest.records],
    ['attempts', rest.attempts],
    ['consumer effects', `${rest.effects}, and ${rest.duplicates} duplicates dropped`],
    ['objects checked', rest.objects],
    ['orphans collected', rest.orphans],
    ['lag at the end', rest.lag],
    ['processes that died or left', rest.deaths],
    ['published again by control', rest.publishedAgain],
    ['run ends by control', rest.endsWritten],
  ]
  return lines.map(([name, value]) => `${name.padEnd(28)} ${String(value)}`).join('\n')
}

async function drained(world: World, steps: readonly string[], ms: number): Promise<number> {
  for (const step of steps)
    await world.until(`the lag of ${step} is 0`, async () => (await world.lag(step).catch(() => 1)) === 0, ms)
  return 0
}

export async function readEnded({ store, at }: World, run: string): Promise<EndedRun> {
  const ends = new Map<string, EndRecord>()
  for (const file of await store.children(at.ends(run))) {
    const task = at.taskOf(file)
    ends.set(task, (await readRecord<EndRecord>(store, at.end(run, task)))!)
  }
  return { end: await readRecord<RunEnd>(store, at.runEnd(run)), ends }
}

/** Returns the tasks whose terminal record is missing. */
export function missing(plan: Plan, { ends }: EndedRun): string[] {
  return [...stateOf(plan, ends).unfinished()]
}

function stateOf(plan: Plan, ends: EndedRun['ends']): RunState {
  const state = new RunState(plan)
  for (const [task, end] of ends) state.end(task, end)
  return state
}

function judge({ received }: World, plan: Plan, { end, ends }: EndedRun, wrong: string[]): void {
  const { run } = plan
  const state = stateOf(plan, ends)
  const unfinished = [...state.unfinished()]
  if (unfinished.length > 0) wrong.push(`${run}: no terminal record of ${unfinished.join(', ')}`)
  // If a record was written a second time, its time differs from that of the event.
  for (const [task, { status, endedAt }] of ends) {
    if (!state.hasEnded(task)) wrong.push(`${run}: a terminal record of ${task}, which is no task`)
    for (const other of ENDINGS) {
      const published = received.get(`${run}/${task}/${other}`)
      if (published && (other !== status || published.event.time !== new Date(endedAt).toISOString()))
        wrong.push(
          `${run}/${task} is ${status} at ${endedAt}, and was published as ${other} at ${published.event.time}`,
        )
    }
  }
  if (!end) wrong.push(`${run} has no end`)
  else if (end.status !== state.status && end.status !== 'cancelled')
    wrong.push(`${run} is ${end.status}, and by its tasks ${state.status}`)
}

/** Checks that every terminal record has its event, and every terminal event its record. */
async function checkEffects(world: World, wanted: ReadonlySet<string>, wrong: string[], ms: number) {
  const { received, submitted } = world
  await world
    .until('every end is published', () => [...wanted].every((id) => received.has(id)), ms)
    .catch(() => wrong.push(`never published: ${[...wanted].filter((id) => !received.has(id)).join(', ')}`))
  let effects = 0
  let duplicates = 0
  for (const [id, { event, times }] of received) {
    const type = event.type.slice('cairn.'.length)
    if (!submitted.has(event.data.run) || !(ENDINGS.has(type) || type === 'run-ended')) continue
    if (!wanted.has(id)) wrong.push(`the event ${id} was published, which did not happen`)
    effects++
    duplicates += times - 1
  }
  return { effects, duplicates }
}

/** Checks the bytes in the store, not the local copies. */
function examined({ store, at }: World): Promise<Checkup> {
  return examine(store, at, { digestOf: (path) => store.digestOf(path) })
}

/**
 * Collects twice: first to the trash, then for good. Afterwards there must be no unreferenced objects, and no
 * referenced one may be missing. Returns the number of objects moved to the trash or deleted by the first collection.
 */
async function removeOrphans(world: World, wrong: string[]): Promise<number> {
  const { store, at } = world
  const policy = { keepRuns: 100_000, keepMs: 1e12, graceMs: 0 }
  const first = await collect(store, systemClock, at, policy)
  const second = await collect(store, systemClock, at, policy)
  if (second.trashed > 0) wrong.push(`${second.trashed} objects that nothing refers to came after all had ended`)
  const { findings } = await examined(world)
  for (const { path, what } of findings) wrong.push(`after the collection, ${path}: ${what}`)
  return first.trashed + first.deleted
}
