import { setTimeout as sleep } from 'node:timers/promises'
import { median, seconds, type Case, type Figure } from '../lab.ts'
import { megabytes } from '../services/figures.ts'
import { tracked } from '../services/tracked.ts'
import { admission } from '../services/admission.ts'
import { handOver } from '../services/hand-over.ts'
import { hops } from '../services/hops.ts'
import { load } from '../services/load.ts'
import { ServicesLab } from '../services/lab.ts'
import { PROJECT } from '../services/project.ts'
import { items, tasks } from '../services/tasks.ts'

const IDLE_MEMORY = 120e6
const READY_MS = 1_500

/**
 * CAIRN_BENCH_SMALL=1 tries all of it with little work, to see whether it runs; CAIRN_BENCH_ONLY=load,tasks measures
 * these alone; CAIRN_BENCH_RUNS says how many runs are started under load.
 */
const isSmall = process.env['CAIRN_BENCH_SMALL'] === '1'

export const services: Case = {
  title: 'Services: stages on Kafka and MinIO',
  async run({ repeat, note }) {
    const lab = await ServicesLab.open(PROJECT, ['hops', 'tasks', 'items', 'large', 'five'])
    const size = isSmall
      ? { chains: 2, capacity: 4, seconds: 2, tasks: 100, items: 500, mebibytes: 20, repeat: 1 }
      : {
          chains: 15,
          capacity: 32,
          seconds: 15,
          tasks: 1_000,
          items: 10_000,
          mebibytes: 1_000,
          repeat: Math.min(repeat, 3),
        }
    note(
      'The floor is a bare loop with the same clients (kafkajs, minio) that does what the guarantees need and no more: ' +
        'one message consumed, the record before it read, its checkpoint looked for, the attempt counted, checkpoint and ' +
        'terminal record kept, one message produced. Kafka, MinIO, all stages and who measures share the two cores.',
    )
    try {
      const wanted: readonly [string, () => Promise<Figure[]>][] = [
        ['start', () => startAndIdle(lab, size.repeat)],
        ['hops', () => hops(lab, size)],
        ['tasks', () => tasks(lab, size)],
        ['items', () => items(lab, size)],
        ['large', () => handOver(lab, size, note)],
        ['tracked', () => tracked(lab, size)],
        ['admission', () => admission(lab, isSmall ? 48 : 1_000)],
        ['load', () => load(lab, Number(process.env['CAIRN_BENCH_RUNS'] ?? (isSmall ? 48 : 1_000)))],
      ]
      const only = process.env['CAIRN_BENCH_ONLY']?.split(',')
      const figures: Figure[] = []
      for (const [name, measure] of wanted)
        if (!only || only.includes(name)) {
          process.stderr.write(`  ${name} …\n`)
          const found = await measure()
          for (const { what, cairn, floor } of found) process.stderr.write(`    ${what}: ${cairn}, ${floor}\n`)
          figures.push(...found)
        }
      return figures
    } finally {
      await lab.close()
    }
  },
}

async function startAndIdle(lab: ServicesLab, repeat: number): Promise<Figure[]> {
  const stages: number[] = []
  const floors: number[] = []
  let [memory, floorMemory] = [0, 0]
  for (let round = 0; round <= repeat; round++) {
    const stage = await lab.startStage('hops', 'start')
    const floor = await lab.startFloor('hops', 'even', 16)
    if (round > 0) {
      stages.push(stage.readyMs) // the first finds nothing compiled
      floors.push(floor.readyMs)
    } else {
      await sleep(isSmall ? 1_000 : 20_000)
      ;[memory, floorMemory] = [stage.memory, floor.memory]
    }
    await Promise.all([stage.stop(), floor.stop()])
  }
  const ready = median(stages)
  return [
    {
      what: 'a stage, from start to ready; floor: the bare loop, to having joined its group',
      cairn: seconds(ready),
      floor: seconds(median(floors)),
      ratio: ready / median(floors),
      aim: `< ${seconds(READY_MS)}`,
      met: ready < READY_MS,
    },
    {
      what: 'memory of an idle stage; floor: of the bare loop',
      cairn: megabytes(memory),
      floor: megabytes(floorMemory),
      ratio: memory / floorMemory,
      aim: `< ${megabytes(IDLE_MEMORY)}`,
      met: memory < IDLE_MEMORY,
    },
  ]
}
