import { setTimeout as sleep } from 'node:timers/promises'
import { seconds, type Figure } from '../lab.ts'
import { quantile, type Size } from './figures.ts'
import { cairnTopicOf, dataOf, floorTopicOf, typeOf, within, type Received, type ServicesLab } from './lab.ts'
import { HOPS } from './project.ts'

const [MOST_P50, MOST_P99] = [1.5, 3]
/** Number of first hops that are not measured, because processes still read the plan then. */
const FIRST = 2
/** Number of turns under load. Cairn and the floor alternate, because the machine's speed varies. */
const TURNS = 4

/** Something whose runs are chains of hops: Cairn, or the floor. */
interface Chains {
  /** Starts a run and waits for its end. Returns when the event of each hop was received. */
  run(): Promise<number[]>
}

export async function hops(lab: ServicesLab, size: Size): Promise<Figure[]> {
  const cairn = await cairnChains(lab)
  const floor = await floorChains(lab)
  const both = [cairn.chains, floor.chains]
  for (const chains of both) for (let warmUp = 0; warmUp < 3; warmUp++) await chains.run() // bodies are known to be short

  const idle = both.map((): number[] => [])
  for (let chain = 0; chain < size.chains; chain++)
    for (const [index, chains] of both.entries()) idle[index]!.push(...steps(await chains.run()))

  const capacity: number[] = []
  for (const chains of both) {
    const started = performance.now()
    await Promise.all(Array.from({ length: size.capacity }, () => chains.run()))
    capacity.push((size.capacity * HOPS * 1000) / (performance.now() - started))
  }
  const rate = capacity[0]! / 2
  const half = both.map((): number[] => [])
  for (let turn = 0; turn < TURNS; turn++)
    for (const [index, chains] of both.entries())
      half[index]!.push(...(await underLoad(chains, rate, size.seconds / TURNS)))
  await Promise.all([...cairn.running, ...floor.running].map((running) => running.stop()))

  const load = `at ${rate.toFixed(0)} hops/s, half of what the stages can do`
  return [
    figure('hop p50, idle', idle, 0.5, MOST_P50),
    figure('hop p99, idle', idle, 0.99, MOST_P99),
    figure(`hop p50, ${load}`, half, 0.5, MOST_P50),
    figure(`hop p99, ${load}`, half, 0.99, MOST_P99),
    {
      what: `hops/s, ${size.capacity} runs of ${HOPS} hops at once, the runs' own start included`,
      cairn: capacity[0]!.toFixed(0),
      floor: capacity[1]!.toFixed(0),
      ratio: capacity[0]! / capacity[1]!,
      aim: '',
      met: true,
    },
  ]
}

function figure(what: string, times: readonly number[][], share: number, most: number): Figure {
  const [cairn, floor] = times.map((values) => quantile(values, share)) as [number, number]
  const ratio = cairn / floor
  return { what, cairn: seconds(cairn), floor: seconds(floor), ratio, aim: `<= ${most}x`, met: ratio <= most }
}

/** Begins runs evenly, however long each takes. */
async function underLoad(chains: Chains, hopsPerSecond: number, duration: number): Promise<number[]> {
  const pause = (HOPS / hopsPerSecond) * 1000
  const running: Promise<number[]>[] = []
  const started = performance.now()
  for (let next = 0; next < duration * 1000; next += pause) {
    await sleep(Math.max(0, started + next - performance.now()))
    running.push(chains.run())
  }
  return (await Promise.all(running)).flatMap(steps)
}

function steps(times: readonly number[]): number[] {
  return times
    .slice(1)
    .map((at, index) => at - times[index]!)
    .slice(FIRST)
}

async function cairnChains(lab: ServicesLab) {
  const running = await Promise.all(['start', 'even', 'odd'].map((step) => lab.startStage('hops', step)))
  const waiting = waits()
  await lab.listen(cairnTopicOf('hops'), (message) => {
    if (typeOf(message) !== 'completed') return
    const { run, node } = dataOf(message)
    if (node !== 'start') waiting.onMessage(run, message)
  })
  // Planning is not measured, and what is planned differs in the seed only: no task finds a checkpoint.
  const planned = await lab.plan('hops', { seed: 0 })
  let seed = 0
  const chains: Chains = {
    async run() {
      seed += 1_000
      const run = `${planned.run.slice(0, -4)}${seed}`
      const text = JSON.stringify({ ...planned, run, createdAt: Date.now() }).replaceAll('"seed":0', `"seed":${seed}`)
      const times = waiting.of(run)
      await lab.submit(JSON.parse(text) as typeof planned)
      return times
    },
  }
  return { running, chains }
}

async function floorChains(lab: ServicesLab) {
  const running = await Promise.all(['even', 'odd'].map((role) => lab.startFloor('hops', role, 16)))
  const waiting = waits()
  const topic = floorTopicOf('hops')
  await lab.listen(topic, (message) => {
    const { run, n } = JSON.parse(message.value) as { run: string; n: number }
    if (n > 0) waiting.onMessage(run, message)
  })
  let count = 0
  const chains: Chains = {
    async run() {
      const run = `run-${count++}`
      const times = waiting.of(run)
      await lab.produce(topic, [{ key: run, value: JSON.stringify({ run, n: 0, length: HOPS }) }])
      return times
    },
  }
  return { running, chains }
}

function waits() {
  const runs = new Map<string, { readonly times: number[]; readonly ended: PromiseWithResolvers<number[]> }>()
  return {
    of(run: string): Promise<number[]> {
      const ended = Promise.withResolvers<number[]>()
      runs.set(run, { times: [], ended })
      return within(ended.promise, `all hops of ${run}`)
    },
    onMessage(run: string, { at }: Received): void {
      const known = runs.get(run)
      if (known && known.times.push(at) === HOPS) known.ended.resolve(known.times)
    },
  }
}
