// Usage: npm run soak -- --minutes 20 --seed 1 [--alone] [--no-stacks] [--no-sabotage]
// Causes random faults in its own servers and processes, then checks all invariants. With --alone, control does not
// publish events again or end runs, so that all runs must continue by themselves.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { SmallDisk } from '../faults/disk.fixture.ts'
import { asTable, checkInvariants, type Report } from '../faults/invariants.fixture.ts'
import { OwnServers } from '../faults/servers.fixture.ts'
import { STEPS, World } from '../faults/world.fixture.ts'
import { dice } from './dice.fixture.ts'
import { Effects } from './effects.fixture.ts'
import type { Faults, Soaked } from './faults.fixture.ts'
import { knownTo, leftBehind, type Known } from './leftovers.fixture.ts'
import { machineFaults, serverFaults } from './machine-faults.fixture.ts'
import { memoryOf, memoryTable, type Memory } from './memory.fixture.ts'
import { messageFaults } from './message-faults.fixture.ts'
import { processFaults } from './process-faults.fixture.ts'
import { provenToFail } from './sabotage.fixture.ts'
import { upTwice } from './stacks.fixture.ts'
import { COLLECTS, retain, maintenance } from './maintenance.fixture.ts'
import { bringWork, EndedRuns } from './work.fixture.ts'

const { values } = parseArgs({
  allowNegative: true,
  options: {
    minutes: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    alone: { type: 'boolean', default: false },
    stacks: { type: 'boolean', default: true },
    sabotage: { type: 'boolean', default: true },
  },
})
const [minutes, seed] = [Number(values.minutes), Number(values.seed)]
const PATIENCE_MS = 600_000
const DISK_BYTES = 12 * 2 ** 30
/** Maximum wait of a check during sabotage, which must fail. */
const SHORT_PATIENCE_MS = 2_000
const BETWEEN_STACKS_MS = 150_000
const SERVICES = [...STEPS, 'control']

const folder = mkdtempSync(join(tmpdir(), 'cairn-soak-'))
const [scratchAt, temporary] = [join(folder, 'scratch'), join(folder, 'tmp')]
mkdirSync(temporary)
const scratch = SmallDisk.mount(scratchAt, DISK_BYTES)
process.once('exit', () => {
  scratch?.unmount()
  rmSync(folder, { recursive: true, force: true })
})
const servers = await OwnServers.start({ diskBytes: DISK_BYTES })
const world = await World.open(servers.endpoints, {
  env: `soak-${seed}`,
  stageEnv: { CAIRN_SCRATCH: scratchAt, TMPDIR: temporary },
  controlEnv: { ...COLLECTS, TMPDIR: temporary },
  ...(!values.alone && { sweep: 5, lostAfter: 60 }),
})
world.mayHelp = !values.alone
retain(world)
const effects = new Effects(world)
const ended = new EndedRuns(world)
const wrong: string[] = []
/** Gives each concurrent activity its own dice, so that a seed determines what each one does, though not when. */
const withDice = (number: number): Soaked => ({
  ...{ world, servers, scratch, consumer: effects.consumer, wrong },
  dice: dice(seed * 10 + number),
})
const places = { scratch: scratchAt, temporary, data: servers.data }
const counts = new Map<string, number>()
const memory: Record<string, Memory> = {}
let refused = 0

interface Pace {
  readonly atOnce: number
  readonly everyMs: number
}

async function bringFaults(
  soaked: Soaked,
  kinds: readonly ((soaked: Soaked) => Faults)[],
  { atOnce, everyMs }: Pace,
  isOver: () => boolean,
): Promise<void> {
  const { between, oneOf } = soaked.dice
  const faults = Object.assign({}, ...kinds.map((kind) => kind(soaked))) as Faults
  const going = new Set<Promise<unknown>>()
  while (!isOver()) {
    await sleep(between(everyMs / 2, everyMs * 1.5))
    const name = oneOf(Object.keys(faults))
    count(name)
    const work = (async () => faults[name]!())().catch((error: unknown) => note(`${name}: ${String(error)}`))
    going.add(work)
    void work.finally(() => going.delete(work))
    if (going.size >= atOnce) await Promise.race(going)
  }
  await Promise.all(going)
}

async function bringStacks(soaked: Soaked, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    count('two `cairn up` at once')
    await upTwice(soaked.dice).catch((error: unknown) => wrong.push(String(error)))
    for (let waited = 0; waited < BETWEEN_STACKS_MS && !isOver(); waited += 1_000) await sleep(1_000)
  }
}

function count(name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function note(line: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)}  ${line.slice(0, 300)}`)
}

function tellOfFaults(): string {
  const faults = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, times]) => `${name.padEnd(32)} ${times}`)
  return [...faults, `${'submissions refused'.padEnd(32)} ${refused}`, '', memoryTable(memory)].join('\n')
}

function check(before: Known, patienceMs: number): Promise<Report> {
  return checkInvariants(world, {
    patienceMs,
    earlier: ended.found,
    more: async () => [
      ...wrong,
      ...(await effects.check(ended.found, patienceMs)),
      ...(await leftBehind(world, before, places, patienceMs)),
    ],
  })
}

/** Checks that the check detects violations, by causing each of them. */
async function sabotage(before: Known): Promise<void> {
  const [run] = world.submitted.keys()
  await world.until('the first run was read', () => ended.found.has(run!))
  await check(before, PATIENCE_MS)
  const broken = { world, servers, effects, places, before, wrong, run: run! }
  const count = await provenToFail(broken, () => check(before, SHORT_PATIENCE_MS))
  await check(before, PATIENCE_MS)
  note(`${count} things were broken on purpose, and each was found`)
}

/** Ends all faults, and waits until the services have recovered. */
async function calm(): Promise<void> {
  for (const step of STEPS) world.disarm(step)
  for (const service of SERVICES) world.setClock(service, 0)
  world.proxy.heal()
  await world.reconnect()
  await Promise.all([...world.replicas, effects.consumer].map((replica) => replica.start()))
  // Gives every restarted process work, so that it cleans up after its predecessor.
  // A submission may fail at first: MinIO takes a while to notice that its disk is no longer full.
  const submitted = () => world.submit().catch(() => undefined)
  for (let run = 0; run < 8; run++) await world.until('a submission is acknowledged', submitted, PATIENCE_MS)
  // Finishes a collection that was killed.
  const collected = () => maintenance(withDice(0))['gc by control']!()
  await world.until('control has collected', async () => (await collected()) !== undefined, PATIENCE_MS)
}

/** Ends the faults and the work that are still going on. */
let hasFailed = false
let telling: NodeJS.Timeout | undefined
try {
  await world.start()
  await effects.consumer.start()
  await world.untilEnded([await world.submit(), await world.submit()])
  const before = await knownTo(world)
  if (values.sabotage) await sabotage(before)
  memory['at the start'] = memoryOf(world, SERVICES)
  note(`${minutes} minutes of seed ${seed}`)
  const began = performance.now()
  const isAfter = (share: number) => performance.now() - began > share * minutes * 60_000
  const isOver = () => hasFailed || isAfter(1)
  telling = setInterval(() => {
    const over = [...world.submitted.keys()].filter((run) => world.received.has(`${run}/run-ended`)).length
    note(`${world.submitted.size} runs submitted, ${over} ended; ${wrong.length} wrong`)
    if (isAfter(0.5)) memory['in the middle'] ??= memoryOf(world, SERVICES)
  }, 30_000)
  const others = [machineFaults, processFaults, messageFaults, maintenance]
  ;[refused] = await Promise.all([
    bringWork(withDice(0), isOver),
    bringFaults(withDice(1), [serverFaults], { atOnce: 1, everyMs: 15_000 }, isOver),
    bringFaults(withDice(2), others, { atOnce: 3, everyMs: 4_000 }, isOver),
    values.stacks ? bringStacks(withDice(3), isOver) : undefined,
  ])
  clearInterval(telling)
  await calm()
  await ended.untilAll(PATIENCE_MS)
  await ended.close()
  const report = await check(before, PATIENCE_MS)
  memory['at the end'] = memoryOf(world, SERVICES)
  console.log(
    `${minutes} minutes of seed ${seed}${values.alone ? ', alone' : ''}: all invariants hold\n\n${asTable(report)}\n\n${tellOfFaults()}`,
  )
} catch (error) {
  hasFailed = true
  clearInterval(telling)
  console.log(`seed ${seed} fails\n\n${tellOfFaults()}`)
  console.log(error)
  process.exitCode = 1
} finally {
  await ended.close()
  await effects.consumer.stop()
  await world.close()
  await servers.close()
}
