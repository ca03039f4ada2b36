import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startCollector } from '../collector.ts'
import { median, seconds, type Figure } from '../lab.ts'
import type { Size } from './figures.ts'
import type { ServicesLab } from './lab.ts'
import { cairnSpan } from './tasks.ts'

const MOST = 1.02

/** Stages with tracing and without, in turn. */
export async function tracked(lab: ServicesLab, { tasks, repeat }: Size): Promise<Figure[]> {
  const collector = await startCollector()
  const ways = {
    off: {},
    on: {
      NODE_OPTIONS: `--import=${pathToFileURL(join(lab.stage, 'tracking.js')).href}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.address,
    },
  }
  const span = await cairnSpan(lab, 'tasks')
  const times = { off: [] as number[], on: [] as number[] }
  let seed = 1e9
  for (let round = 0; round < repeat + 2; round++)
    for (const way of round % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const)) {
      const stages = await Promise.all(['numbers', 'square'].map((step) => lab.startStage('tasks', step, ways[way])))
      await span((seed += 1e6), Math.min(tasks, 200)) // bodies are known to be short
      times[way].push(await span((seed += 1e6), tasks))
      await Promise.all(stages.map((stage) => stage.stop()))
    }
  collector.close()
  const ratio = median(times.on.map((on, round) => on / times.off[round]!))
  const pairs = times.on.map((on, round) => (on / times.off[round]!).toFixed(2)).join(', ')
  return [
    {
      what: `${tasks.toLocaleString('en')} tasks through one stage, traced; floor: not traced (pairs: ${pairs})`,
      cairn: seconds(median(times.on)),
      floor: seconds(median(times.off)),
      ratio,
      aim: `<= ${MOST}x`,
      met: ratio <= MOST,
    },
  ]
}
