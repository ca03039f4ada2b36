import { z } from 'zod'
import { RunName } from '../schemas.ts'
import { type Responses, PIPELINE_PATH, json, Timestamp } from './response.ts'

const Promoted = z.looseObject({
  run: RunName,
  since: Timestamp,
  by: z.string().describe('name of the token that set it'),
  from: z.string().optional().describe('the run of a playground that was promoted'),
  announced: z.literal(true).optional().describe('set once consumers have been notified'),
})
const Champion = Promoted.extend({
  v: z.int(),
  previous: Promoted.optional().describe('the previous production run, for a rollback'),
})

/** Responses about the production run. */
export const PRODUCTION_RESPONSES: Responses = {
  [`get ${PIPELINE_PATH}/production`]: json(
    200,
    'The production run, and the rules for promotion.',
    z.strictObject({
      champion: Champion.nullable(),
      policy: z.enum(['adopt', 'verify', 'recompute']),
      trusted: z.record(z.string(), z.string()).describe('public keys by service name'),
      mayPromote: z.boolean(),
      you: z.string(),
    }),
  ),
  [`post ${PIPELINE_PATH}/production`]: json(200, 'The production run now.', Champion),
  [`post ${PIPELINE_PATH}/production/rollback`]: json(200, 'The production run now.', Champion),
}
