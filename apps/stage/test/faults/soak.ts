// npm run soak -- --minutes 20 --seed 1 [--alone]: random faults on servers and processes of its own, then all invariants.
// Alone: control tells no events again and ends no runs, so that all that goes on does so by itself.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { asTable, checkInvariants } from './invariants.fixture.ts'
import { seeded, shuffled } from './random.fixture.ts'
import { OwnServers } from './servers.fixture.ts'
import { POINTS, STEPS, World } from './world.fixture.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    alone: { type: 'boolean', default: false },
  },
})
const [minutes, seed] = [Number(values.minutes), Number(values.seed)]
const IN_FLIGHT = 5
const PATIENCE_MS = 400_000

const random = seeded(seed)
const between = (low: number, high: number) => low + random() * (high - low)
const oneOf = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!

const servers = await OwnServers.start({ smallDisk: false })
const world = await World.open(servers.endpoints, {
  env: `soak-${seed}`,
  ...(!values.alone && { sweep: 5, lostAfter: 60 }),
})
world.mayHelp = !values.alone
const counts = new Map<string, number>()
const refused: string[] = []

/** What goes wrong, and, when it resolves, is over. */
const FAULTS: Readonly<Record<string, () => Promise<unknown> | void>> = {
  'kill -9': () => world.replica(oneOf(STEPS)).signal('SIGKILL'),
  'kill -9 at a point': () => world.arm(oneOf(STEPS), oneOf(POINTS)),
  'kill -9 at a point, again': () => world.arm(oneOf(STEPS), oneOf(POINTS)),
  SIGTERM: () => world.replica(oneOf(STEPS)).signal('SIGTERM'),
  'SIGSTOP beyond the session': async () => {
    const thaw = world.replica(oneOf(STEPS)).freeze()
    await sleep(between(7_000, 13_000))
    thaw()
  },
  'Kafka killed': async () => {
    await servers.kafka.kill()
    await sleep(between(1_000, 10_000))
    await servers.kafka.start()
  },
  'MinIO killed': async () => {
    await servers.minio.kill()
    await sleep(between(1_000, 10_000))
    await servers.minio.start()
  },
  'Kafka hangs': async () => {
    servers.kafka.signal('SIGSTOP')
    await sleep(between(2_000, 8_000))
    servers.kafka.signal('SIGCONT')
  },
  'requests go wrong': () => {
    const fault = oneOf(['answer lost', 'request lost', 'cut off', 'busy', 'denied'] as const)
    const path = oneOf([/\/objects\//, /\/checkpoints\//, /\/attempts\//, /\/ends\//, /\/end$/])
    void world.proxy.next(fault, 'PUT', path, Math.ceil(between(0, 6)))
  },
  'events again, shuffled': () => {
    const events = [...world.heard.values()].slice(-300).map(({ event }) => event)
    return world.bus.publish(world.topic, shuffled(events, random).slice(0, 150))
  },
  'no events of ours': async () => {
    const run = oneOf([...world.submitted.keys()])
    for (const value of ['no JSON', '{"__proto__":{}}', '{"env":"x","pipeline":"..","run":"../.."}'])
      await world.kafka.send(world.topic, run, value, { ce_type: 'cairn.completed' })
  },
  'a member joins and leaves': async () => {
    const replica = await world.startStage(oneOf(STEPS))
    await sleep(between(2_000, 8_000))
    await world.stop(replica, oneOf(['SIGTERM', 'SIGKILL']))
  },
  'control killed': () => world.replica('control').signal('SIGKILL'),
}

/** Faults of the servers, one at a time: the others go on beside them. */
async function bringFaults(until: number): Promise<void> {
  const going = new Set<Promise<unknown>>()
  while (performance.now() < until) {
    await sleep(between(2_000, 8_000))
    const name = oneOf(Object.keys(FAULTS))
    counts.set(name, (counts.get(name) ?? 0) + 1)
    const work = Promise.resolve(FAULTS[name]!()).catch((error: unknown) => note(`${name}: ${String(error)}`))
    if (/Kafka|MinIO/.test(name)) await work
    else {
      going.add(work)
      void work.finally(() => going.delete(work))
      if (going.size > 2) await Promise.race(going)
    }
  }
  await Promise.all(going)
}

async function bringWork(until: number): Promise<void> {
  const inFlight = new Set<string>()
  const stop = world.onEvent(({ type, data }) => type === 'cairn.run-ended' && inFlight.delete(data.run))
  while (performance.now() < until) {
    await world.until('there is room', () => inFlight.size < IN_FLIGHT, PATIENCE_MS)
    try {
      const run = await world.submit(
        world.fresh({
          items: Math.ceil(between(0, 8)),
          sheetBytes: random() < 0.1 ? 36 << 20 : 20_000,
          drawMs: between(0, 300),
          scoreMs: between(0, 300),
          totalMs: random() < 0.1 ? 5_000 : between(0, 500),
        }),
      )
      if (!world.heard.has(`${run}/run-ended`)) inFlight.add(run)
      if (random() < 0.15) void sleep(between(0, 4_000)).then(() => world.cancel(run).catch(() => {}))
    } catch (error) {
      refused.push(String(error))
      await sleep(1_000)
    }
  }
  stop()
}

function note(line: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)}  ${line.slice(0, 300)}`)
}

function tellOfFaults(): string {
  const faults = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `${name.padEnd(28)} ${count}`)
  return [...faults, `${'submissions refused'.padEnd(28)} ${refused.length}`].join('\n')
}

try {
  await world.start()
  note(`${minutes} minutes of seed ${seed}`)
  const until = performance.now() + minutes * 60_000
  const telling = setInterval(() => {
    const ended = [...world.submitted.keys()].filter((run) => world.heard.has(`${run}/run-ended`)).length
    note(`${world.submitted.size} runs submitted, ${ended} ended`)
  }, 30_000)
  await Promise.all([bringFaults(until), bringWork(until)])
  clearInterval(telling)
  for (const step of STEPS) world.disarm(step)
  world.proxy.heal()
  await world.reconnect()
  await Promise.all(world.replicas.map((replica) => replica.start()))
  const report = await checkInvariants(world, PATIENCE_MS)
  console.log(
    `${minutes} minutes of seed ${seed}${values.alone ? ', alone' : ''}: all invariants hold\n\n${asTable(report)}\n\n${tellOfFaults()}`,
  )
} catch (error) {
  console.log(`seed ${seed} fails\n\n${tellOfFaults()}`)
  console.log(error)
  process.exitCode = 1
} finally {
  await world.close()
  await servers.close()
}
