import { z } from 'zod'
import { type Answers, AT, ErrorSaid, json, Moment } from './answer.ts'

const Letter = z.strictObject({
  id: z.string().describe('<partition>-<offset> in its topic'),
  at: Moment,
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
    .describe('missing of what is no event, or was too large to be kept whole'),
  preview: z.string().optional().describe('the beginning of the message, where there is no event'),
  groups: z
    .array(
      z.strictObject({
        group: z.string(),
        state: z.enum(['waiting', 'replayed', 'dropped']),
        at: Moment,
        error: ErrorSaid,
      }),
    )
    .describe('who gave it up'),
})
const Decided = z.strictObject({ id: z.string(), groups: z.array(z.string()) })

/** Of dead letters. */
export const DEAD_LETTERS_ANSWERS: Answers = {
  'get /v1/dead-letters': json(
    200,
    'How many wait, by pipeline.',
    z.strictObject({ waiting: z.record(z.string(), z.int()) }),
  ),
  [`get ${AT}/dead-letters`]: json(
    200,
    'Messages that were given up, the newest first.',
    z.strictObject({
      letters: z.array(Letter),
      next: z.string().optional().describe('there are older ones: repeat the request with this as `after`'),
      waiting: z.int(),
    }),
  ),
  [`get ${AT}/dead-letters/{id}`]: json(
    200,
    'The message, its bytes as base64.',
    Letter.extend({ headers: z.record(z.string(), z.array(z.string())), value: z.string().nullable() }),
  ),
  [`post ${AT}/dead-letters/{id}/replay`]: json(202, 'These groups get it once more.', Decided),
  [`post ${AT}/dead-letters/{id}/drop`]: json(200, 'These groups are done with it.', Decided),
}
