import { step } from 'cairn'
import { sql } from 'cairn/kinds'
import { z } from 'zod'
import { Features } from './tables.ts'

/** Splits by time: the model trains on the past and is tested on the future, as in use. */
export const splitByTime = step('split-by-time', {
  inputs: { features: Features },
  params: z.object({ testFrom: z.iso.date() }),
  outputs: { training: Features, test: Features },
  run: ({ features }, { testFrom }) => ({
    training: sql`select * from ${features} where departure < ${testFrom}::timestamp`,
    test: sql`select * from ${features} where departure >= ${testFrom}::timestamp`,
  }),
})
