import { z } from 'zod'
import { CheckupPlace, PipelineName } from '../schemas.ts'
import { type Responses, PIPELINE_PATH, json, Timestamp } from './response.ts'

const Checked = z.strictObject({ what: z.string(), ok: z.boolean(), found: z.string(), next: z.string().optional() })
const Collected = z.strictObject({
  pipeline: PipelineName,
  dryRun: z.boolean(),
  retention: z.strictObject({
    keepRuns: z.int(),
    keepMs: z.number(),
    graceMs: z.number(),
    everyMs: z.number().optional().describe('missing if it only runs on request'),
  }),
  report: z.strictObject({
    runs: z.array(z.string()).describe('runs that are removed'),
    checkpoints: z.int(),
    code: z.int(),
    stale: z.int().describe('number of expired leases and old idempotency keys'),
    trashed: z.int().describe('number of objects that are moved to the trash'),
    deleted: z.int(),
    restored: z.int(),
    freed: z.number().describe('bytes'),
    damaged: z.array(z.string()).describe('records that cannot be read; data that they may refer to is kept'),
  }),
})
const Examined = z.strictObject({
  findings: z.array(
    z.strictObject({ path: z.string(), what: z.string(), repair: z.string().describe('what a repair does') }),
  ),
  checked: z
    .strictObject({ runs: z.int(), checkpoints: z.int(), objects: z.int(), bytes: z.number(), read: z.number() })
    .describe('`bytes`: total size of the objects; `read`: how much of it was read'),
  next: CheckupPlace.optional().describe('set if there is more to check: send it as `after` to continue'),
})

/** Responses about maintenance of the environment and its store. */
export const MAINTENANCE_RESPONSES: Responses = {
  'get /v1/checkup': json(
    200,
    'What was checked, and its state.',
    z.strictObject({ env: z.string(), now: Timestamp, checks: z.array(Checked) }),
  ),
  [`post ${PIPELINE_PATH}/collections`]: json(200, 'What was removed, or would be removed.', Collected),
  [`post ${PIPELINE_PATH}/examinations`]: json(200, 'Problems in the part that was checked.', Examined),
}
