import { z } from 'zod'
import { RunName } from '../schemas.ts'
import { type Answers, AT, json, Moment } from './answer.ts'

const Promoted = z.looseObject({
  run: RunName,
  since: Moment,
  by: z.string().describe('the name of the token that made it so'),
  from: z.string().optional().describe('the run of a playground that was promoted'),
  announced: z.literal(true).optional().describe('consumers have been told of it'),
})
const Champion = Promoted.extend({
  v: z.int(),
  previous: Promoted.optional().describe('what was in production before, to roll back to'),
})

/** Of which run is in production. */
export const PRODUCTION_ANSWERS: Answers = {
  [`get ${AT}/production`]: json(
    200,
    'The run in production, and how others become it.',
    z.strictObject({
      champion: Champion.nullable(),
      policy: z.enum(['adopt', 'verify', 'recompute']),
      trusted: z.record(z.string(), z.string()).describe('public keys by the names of services'),
      mayPromote: z.boolean(),
      you: z.string(),
    }),
  ),
  [`post ${AT}/production`]: json(200, 'What is in production now.', Champion),
  [`post ${AT}/production/rollback`]: json(200, 'What is in production now.', Champion),
}
