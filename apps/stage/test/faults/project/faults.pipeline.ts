import { each, pipeline } from '@cairn/kernel'
import { z } from 'zod'
import { draw, report, score, total } from './steps.ts'

const params = z.object({
  seed: z.number().int(),
  items: z.number().int().default(5),
  sheetBytes: z.number().int().default(20_000),
  drawMs: z.number().default(0),
  scoreMs: z.number().default(0),
  totalMs: z.number().default(0),
})

export const faults = pipeline('faults', { params }, ({ seed, items, sheetBytes, drawMs, scoreMs, totalMs }) => {
  const drawn = draw({}, { seed, items, sheetBytes, ms: drawMs })
  const scores = each(drawn.items, (n) => score({ n }, { ms: scoreMs }), { batch: 2, as: 'scores' })
  const { n, page } = total({ scores: scores.n, trails: scores.trail, sheet: drawn.sheet }, { ms: totalMs })
  return { text: report({ n, page }).text }
})
