import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, pipeline, step } from '@cairn/kernel'
import { file, json, metrics, table } from '@cairn/kinds'
import { z } from 'zod'

const Orders = table({ customer: 'string', amount: 'float64' })
const Sums = metrics({ total: 'number' })

export const load = step('load', {
  params: z.object({ count: z.int().min(1) }),
  outputs: { orders: Orders },
  run: (_, { count }) => ({
    orders: Array.from({ length: count }, (_, at) => ({ customer: `customer ${at % 7}`, amount: at / 4 })),
  }),
})

/** Where a file is named, writes it, and goes on when there is another beside it: `<file>.go`. */
export const total = step('total', {
  inputs: { orders: Orders },
  params: z.object({ waits: z.string() }),
  outputs: { sums: Sums },
  acknowledge: ['files'],
  async run({ orders }, { waits }, { signal }) {
    if (waits !== '') writeFileSync(waits, '')
    while (waits !== '' && !existsSync(`${waits}.go`)) await sleep(10, undefined, { signal })
    let sum = 0
    for await (const { amount } of orders.rows()) sum += amount
    return { sums: { total: sum } }
  },
})

export const report = step('report', {
  inputs: { sums: Sums },
  outputs: { text: file('txt') },
  run: ({ sums }) => ({ text: { text: `total: ${sums.total}\n`.repeat(1_000) } }),
})

const params = z.object({ count: z.int().default(8), waits: z.string().default('') })
export const orders = pipeline('orders', { params }, ({ count, waits }) => {
  const { sums } = total(load({}, { count }), { waits })
  return { sums, text: report({ sums }).text }
})

export const noLess = expect(total, 'the total is no less', ({ sums }, champion) => sums.total >= champion.sums.total)

const hidden = step('hidden', { outputs: { n: json<number>() }, run: () => ({ n: 1 }) })
export const hiding = pipeline('hiding', () => ({ n: hidden({}).n }))
