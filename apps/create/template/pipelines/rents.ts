import { pipeline, source, step } from 'cairn'
import { fromFile } from 'cairn/connectors'
import { csv, json, metrics, sql, table } from 'cairn/kinds'
import { z } from 'zod'
import { fitLine, mean, type Line } from './least-squares.ts'

const columns = { size: 'float64', rooms: 'int32', rent: 'float64' } as const
const Flats = table(columns)

/** Size in square metres, rent per month. */
export const loadFlats = source('load-flats', {
  reads: { file: fromFile('data/rents.csv') },
  outputs: { flats: Flats },
  run: ({ file }) => ({ flats: sql`select * from ${csv(file, { columns })}` }),
})

export const splitFlats = step('split-flats', {
  inputs: { flats: Flats },
  params: z.object({ testShare: z.number().min(0.1).max(0.9).default(0.25) }),
  outputs: { training: Flats, test: Flats },
  run: async ({ flats }, { testShare }, { random }) => {
    const rows = await flats.toArray()
    const isTest = rows.map(() => random() < testShare)
    return { training: rows.filter((_, at) => !isTest[at]), test: rows.filter((_, at) => isTest[at]) }
  },
})

export const fitRent = step('fit-rent', {
  inputs: { training: Flats },
  outputs: { line: json<Line>() },
  run: async ({ training }) => {
    const rows = await training.toArray()
    return { line: fitLine(rows.map(({ size, rent }) => ({ x: size, y: rent }))) }
  },
})

export const evaluateRent = step('evaluate-rent', {
  inputs: { line: json<Line>(), test: Flats },
  outputs: { metrics: metrics({ error: 'number', flats: 'integer' }) },
  run: async ({ line, test }) => {
    const rows = await test.toArray()
    const errors = rows.map(({ size, rent }) => Math.abs(line.intercept + line.slope * size - rent))
    return { metrics: { error: mean(errors), flats: rows.length } }
  },
})

/** Predicts the rent of a flat from its size. */
export const rents = pipeline('rents', () => {
  const { flats } = loadFlats({})
  const { training, test } = splitFlats({ flats })
  const { line } = fitRent({ training })
  return evaluateRent({ line, test })
})
