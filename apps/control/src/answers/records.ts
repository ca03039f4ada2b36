import { z } from 'zod'
import { type Answer, type Answers, AT, json, Moment } from './answer.ts'

const bytes = (what: string): Answer => ({
  status: 200,
  what,
  type: 'application/octet-stream',
  body: z.string().meta({ format: 'binary' }),
})

/** Responses about records and objects. */
export const RECORDS_ANSWERS: Answers = {
  [`get ${AT}/store/record`]: bytes("The record's bytes."),
  [`get ${AT}/store/object`]: bytes("The object's bytes."),
  [`get ${AT}/store/children`]: json(200, 'The names in the folder.', z.strictObject({ names: z.array(z.string()) })),
  [`get ${AT}/store/stat`]: json(
    200,
    'Its size, and when it was written.',
    z.strictObject({ size: z.number(), modified: Moment }),
  ),
  [`put ${AT}/store/record`]: json(
    200,
    'The record is stored.',
    z.strictObject({ created: z.boolean().describe('false if the record already existed') }),
  ),
  [`put ${AT}/store/object`]: json(200, 'The object is stored.', z.strictObject({})),
}
