import { z } from 'zod'
import { type Responses, PIPELINE_PATH, ErrorBody, json, Timestamp } from './response.ts'

const Letter = z.strictObject({
  id: z.string().describe('<partition>-<offset> in its topic'),
  at: Timestamp,
  topic: z.string(),
  event: z
    .strictObject({
      id: z.string(),
      type: z.string(),
      run: z.string(),
      node: z.string().optional(),
      batch: z.string().optional(),
    })
    .optional()
    .describe('missing if the message is not an event, or was too large to be kept in full'),
  preview: z.string().optional().describe('the beginning of the message, if it is not an event'),
  groups: z
    .array(
      z.strictObject({
        group: z.string(),
        state: z.enum(['waiting', 'replayed', 'dropped']),
        at: Timestamp,
        error: ErrorBody,
      }),
    )
    .describe('the consumer groups that gave it up'),
})
const Decided = z.strictObject({ id: z.string(), groups: z.array(z.string()) })

/** Responses about dead letters. */
export const DEAD_LETTERS_RESPONSES: Responses = {
  'get /v1/dead-letters': json(
    200,
    'The number of waiting dead letters by pipeline.',
    z.strictObject({ waiting: z.record(z.string(), z.int()) }),
  ),
  [`get ${PIPELINE_PATH}/dead-letters`]: json(
    200,
    'Dead letters, newest first.',
    z.strictObject({
      letters: z.array(Letter),
      next: z.string().optional().describe('set if there are older ones: send it as `after` to get them'),
      waiting: z.int(),
    }),
  ),
  [`get ${PIPELINE_PATH}/dead-letters/{id}`]: json(
    200,
    'The dead letter with its message, in base64.',
    Letter.extend({ headers: z.record(z.string(), z.array(z.string())), value: z.string().nullable() }),
  ),
  [`post ${PIPELINE_PATH}/dead-letters/{id}/replay`]: json(202, 'The groups that get it again.', Decided),
  [`post ${PIPELINE_PATH}/dead-letters/{id}/drop`]: json(200, 'The groups for which it is dropped.', Decided),
}
