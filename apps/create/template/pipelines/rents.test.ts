import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callStep } from 'cairn/testing'
import { fitRent, rents } from './rents.ts'

test('rents fits a line through the flats', async () => {
  assert.deepEqual([...rents.graph.nodes.keys()], ['load-flats', 'split-flats', 'fit-rent', 'evaluate-rent'])
  const training = [
    { size: 10, rooms: 1, rent: 300 },
    { size: 20, rooms: 1, rent: 400 },
  ]
  assert.deepEqual(await callStep(fitRent, { training }), { line: { slope: 10, intercept: 200 } })
})
