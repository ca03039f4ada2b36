import { readFile } from 'node:fs/promises'
import { fromPackage } from 'cairn/connectors'
import { pipeline, source, step } from 'cairn'
import { json, metrics, table } from 'cairn/kinds'
import { z } from 'zod'

const MEASURES = ['beakLength', 'beakDepth', 'flipperLength', 'bodyMass'] as const
const Penguins = table({
  species: 'string',
  beakLength: 'float64',
  beakDepth: 'float64',
  flipperLength: 'float64',
  bodyMass: 'float64',
})

/** The mean of each measurement per species, and the variation of each measurement among all penguins. */
const Centroids = json(z.object({ species: z.record(z.string(), z.array(z.number())), deviation: z.array(z.number()) }))

export const loadPenguins = source('load-penguins', {
  reads: { file: fromPackage('vega-datasets', 'data/penguins.json') },
  outputs: { penguins: Penguins },
  run: async ({ file }) => {
    const recorded = JSON.parse(await readFile(file.path, 'utf8')) as Record<string, never>[]
    const penguins = recorded.map((row) => ({
      species: row['Species']!,
      beakLength: row['Beak Length (mm)']!,
      beakDepth: row['Beak Depth (mm)']!,
      flipperLength: row['Flipper Length (mm)']!,
      bodyMass: row['Body Mass (g)']!,
    }))
    return { penguins: penguins.filter(({ beakLength }) => beakLength !== null) }
  },
})

export const splitPenguins = step('split-penguins', {
  inputs: { penguins: Penguins },
  params: z.object({ testShare: z.number().min(0.1).max(0.9).default(0.3) }),
  outputs: { training: Penguins, test: Penguins },
  run: async ({ penguins }, { testShare }, { random }) => {
    const { yes: test = [], no: training = [] } = Object.groupBy(await penguins.toArray(), () =>
      random() < testShare ? 'yes' : 'no',
    )
    return { training, test }
  },
})

export const trainClassifier = step('train-classifier', {
  inputs: { training: Penguins },
  outputs: { centroids: Centroids },
  run: async ({ training }) => {
    const rows = await training.toArray()
    const bySpecies = Object.groupBy(rows, ({ species }) => species)
    const meansOf = (some: typeof rows) => MEASURES.map((measure) => mean(some.map((row) => row[measure])))
    const means = meansOf(rows)
    return {
      centroids: {
        species: Object.fromEntries(Object.entries(bySpecies).map(([species, some]) => [species, meansOf(some!)])),
        deviation: MEASURES.map((measure, at) => Math.sqrt(mean(rows.map((row) => (row[measure] - means[at]!) ** 2)))),
      },
    }
  },
})

export const evaluateClassifier = step('evaluate-classifier', {
  inputs: { centroids: Centroids, test: Penguins },
  outputs: { metrics: metrics({ accuracy: 'number', penguins: 'integer' }) },
  run: async ({ centroids: { species, deviation }, test }) => {
    const rows = await test.toArray()
    const nearest = (row: (typeof rows)[number]) => {
      const distance = (centroid: readonly number[]) =>
        MEASURES.reduce((sum, measure, at) => sum + ((row[measure] - centroid[at]!) / deviation[at]!) ** 2, 0)
      return Object.entries(species).sort(([, a], [, b]) => distance(a) - distance(b))[0]![0]
    }
    const right = rows.filter((row) => nearest(row) === row.species)
    return { metrics: { accuracy: right.length / rows.length, penguins: rows.length } }
  },
})

/** Predicts the species of a penguin from four measurements: the species with the nearest mean. */
export const penguins = pipeline('penguins', () => {
  const { penguins } = loadPenguins({})
  const { training, test } = splitPenguins({ penguins })
  const { centroids } = trainClassifier({ training })
  const { metrics } = evaluateClassifier({ centroids, test })
  return { metrics, centroids }
})

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
