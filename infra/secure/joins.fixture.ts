import { each, list, pipeline, step, when } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'

const One = json(z.number())

export const count = step('count', {
  outputs: { numbers: list(One), isLarge: json(z.boolean()) },
  run: () => ({ numbers: [1, 2, 3, 4, 5], isLarge: true }),
})
export const square = step('square', {
  inputs: { number: One },
  outputs: { square: One },
  run: ({ number }) => ({ square: number * number }),
})
export const add = step('add', {
  inputs: { squares: list(One) },
  outputs: { sum: One },
  run: async ({ squares }) => {
    let sum = 0
    for await (const one of squares) sum += one
    return { sum }
  },
})
export const halve = step('halve', {
  inputs: { sum: One },
  outputs: { result: One },
  run: ({ sum }) => ({ result: sum / 2 }),
})
export const double = step('double', {
  inputs: { sum: One },
  outputs: { result: One },
  run: ({ sum }) => ({ result: sum * 2 }),
})

/** A pipeline with nodes that are not steps: an `each`, in batches, and a `when`. */
export const joins = pipeline('joins', () => {
  const { numbers, isLarge } = count({})
  const { square: squares } = each(numbers, (number) => square({ number }), { batch: 2 })
  const { sum } = add({ squares })
  const { result } = when(
    isLarge,
    () => halve({ sum }),
    () => double({ sum }),
  )
  return { result }
})
