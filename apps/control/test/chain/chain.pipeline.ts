import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'

const ports = { n: json<number>() }

export const first = step('first', { params: z.object({ n: z.int() }), outputs: ports, run: (_, { n }) => ({ n }) })
export const second = step('second', { inputs: ports, outputs: ports, run: ({ n }) => ({ n: n + 1 }) })
export const third = step('third', { inputs: ports, outputs: ports, run: ({ n }) => ({ n: n + 1 }) })
export const fourth = step('fourth', { inputs: ports, outputs: ports, run: ({ n }) => ({ n: n + 1 }) })
export const fifth = step('fifth', { inputs: ports, outputs: ports, run: ({ n }) => ({ n: n + 1 }) })

/** Five small steps, one after the other. */
export const chain = pipeline('chain', { params: z.object({ n: z.int() }) }, ({ n }) =>
  fifth(fourth(third(second(first({}, { n }))))),
)
