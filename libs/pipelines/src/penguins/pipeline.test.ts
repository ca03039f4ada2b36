import { callStep } from 'cairn/testing'
import { expect, it } from 'vitest'
import { evaluateClassifier, loadPenguins, splitPenguins, trainClassifier } from './pipeline.ts'

it('classifies penguins', async () => {
  const { penguins } = await callStep(loadPenguins, {}, {}, { root: import.meta.dirname })
  expect(await penguins.count()).toBe(342)
  const { training, test } = await callStep(splitPenguins, { penguins }, { testShare: 0.5 })
  expect((await training.count()) + (await test.count())).toBe(342)
  const { centroids } = await callStep(trainClassifier, { training })
  expect(Object.keys(centroids.species).sort()).toEqual(['Adelie', 'Chinstrap', 'Gentoo'])
  const { metrics } = await callStep(evaluateClassifier, { centroids, test })
  expect(metrics.accuracy).toBeGreaterThan(0.93)
})
