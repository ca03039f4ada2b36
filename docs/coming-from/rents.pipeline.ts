import { each, list, pipeline, source, step } from 'cairn'
import { fromFile } from 'cairn/connectors'
import { csv, json, metrics, sql, table } from 'cairn/kinds'
import { z } from 'zod'

const columns = { size: 'float64', rooms: 'int32', rent: 'float64' } as const
const Flats = table(columns)
const Line = json<{ penalty: number; slope: number; intercept: number }>()
const Score = metrics({ penalty: 'number', error: 'number' })

const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length

export const load = source('load', {
  reads: { file: fromFile('rents.csv') },
  outputs: { training: Flats, test: Flats },
  run: ({ file }) => ({
    training: sql`select * from ${csv(file, { columns })} limit 90`,
    test: sql`select * from ${csv(file, { columns })} offset 90`,
  }),
})

export const choosePenalties = step('choose-penalties', {
  params: z.object({ penalties: z.array(z.number()).default([0, 1000, 100_000]) }),
  outputs: { penalties: list(json<number>()) },
  run: (_, { penalties }) => ({ penalties }),
})

/** Ridge regression of the rent on the size. */
export const train = step('train', {
  inputs: { training: Flats, penalty: json<number>() },
  outputs: { line: Line },
  run: async ({ training, penalty }) => {
    const { size, rent } = await training.columnsOf(['size', 'rent'])
    const [meanSize, meanRent] = [mean(size), mean(rent)]
    const covariance = mean(size.map((value, at) => (value - meanSize) * (rent[at]! - meanRent)))
    const variance = mean(size.map((value) => (value - meanSize) ** 2))
    const slope = covariance / (variance + penalty / size.length)
    return { line: { penalty, slope, intercept: meanRent - slope * meanSize } }
  },
})

export const evaluate = step('evaluate', {
  inputs: { line: Line, test: Flats },
  outputs: { score: Score },
  run: async ({ line, test }) => {
    const { size, rent } = await test.columnsOf(['size', 'rent'])
    const errors = size.map((value, at) => Math.abs(line.intercept + line.slope * value - rent[at]!))
    return { score: { penalty: line.penalty, error: mean(errors) } }
  },
})

export const pickBest = step('pick-best', {
  inputs: { scores: list(Score) },
  outputs: { metrics: Score },
  run: async ({ scores }) => {
    const byError = (await Array.fromAsync(scores)).sort((a, b) => a.error - b.error)
    return { metrics: byError[0]! }
  },
})

export const rents = pipeline('rents', () => {
  const { training, test } = load({})
  const { penalties } = choosePenalties({})
  const { score: scores } = each(penalties, (penalty) => {
    const { line } = train({ training, penalty })
    return evaluate({ line, test })
  })
  return pickBest({ scores })
})
