import { z } from 'zod'
import { ErrorBody, Timestamp } from './response.ts'
import { Artifact } from './plan.ts'

export const Status = z.enum(['completed', 'failed', 'cancelled'])
const Ended = z.enum([...Status.options, 'timed-out', 'skipped', 'blocked'])
export const RunEnd = z.looseObject({ v: z.int(), status: Status, endedAt: Timestamp, host: z.string() })
export const TaskEnd = z.looseObject({
  v: z.int(),
  status: Ended,
  items: z
    .array(
      z.looseObject({
        status: Ended,
        how: z.enum(['computed', 'reused', 'caught', 'joined']).optional(),
        outputs: z.record(z.string(), Artifact).optional(),
        key: z.string().optional(),
        ms: z.number().optional(),
        error: ErrorBody.optional(),
        caught: ErrorBody.optional(),
        because: z.string().optional().describe('the node that caused this outcome'),
      }),
    )
    .describe('one for a task of one item, one per item for a batch'),
  counts: z.record(z.string(), z.array(z.int())),
  attempts: z.int().optional(),
  failures: z.array(ErrorBody).optional(),
  startedAt: Timestamp,
  endedAt: Timestamp,
  host: z.string(),
})
export const Unfit = z.looseObject({ task: z.string(), at: Timestamp, host: z.string(), error: ErrorBody })
