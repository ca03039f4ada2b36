import { z } from 'zod'
import { CheckupPlace, PipelineName } from '../schemas.ts'
import { type Answers, AT, json, Moment } from './answer.ts'

const Checked = z.strictObject({ what: z.string(), ok: z.boolean(), found: z.string(), next: z.string().optional() })
const Collected = z.strictObject({
  pipeline: PipelineName,
  dryRun: z.boolean(),
  retention: z.strictObject({
    keepRuns: z.int(),
    keepMs: z.number(),
    graceMs: z.number(),
    everyMs: z.number().optional().describe('missing: only when it is asked for'),
  }),
  report: z.strictObject({
    runs: z.array(z.string()).describe('that are removed'),
    checkpoints: z.int(),
    code: z.int(),
    stale: z.int().describe('leases that ran out, and old idempotency keys'),
    trashed: z.int().describe('objects that are moved to the trash'),
    deleted: z.int(),
    restored: z.int(),
    freed: z.number().describe('bytes'),
    damaged: z.array(z.string()).describe('records that cannot be read: what they may refer to stays'),
  }),
})
const Examined = z.strictObject({
  findings: z.array(
    z.strictObject({ path: z.string(), what: z.string(), repair: z.string().describe('what repair does about it') }),
  ),
  checked: z
    .strictObject({ runs: z.int(), checkpoints: z.int(), objects: z.int(), bytes: z.number(), read: z.number() })
    .describe('`read` of the `bytes` of objects were read'),
  next: CheckupPlace.optional().describe('this was a part: repeat the request with this as `after`'),
})

/** Of what looks after the environment and its store. */
export const MAINTENANCE_ANSWERS: Answers = {
  'get /v1/checkup': json(
    200,
    'What was looked at, and how it is.',
    z.strictObject({ env: z.string(), now: Moment, checks: z.array(Checked) }),
  ),
  [`post ${AT}/collections`]: json(200, 'What went, or would go.', Collected),
  [`post ${AT}/examinations`]: json(200, 'What is wrong in the part that was looked at.', Examined),
}
