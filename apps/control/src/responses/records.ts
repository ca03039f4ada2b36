import { z } from 'zod'
import { type SuccessResponse, type Responses, PIPELINE_PATH, json, Timestamp } from './response.ts'

const bytes = (what: string): SuccessResponse => ({
  status: 200,
  what,
  type: 'application/octet-stream',
  body: z.string().meta({ format: 'binary' }),
})

/** Responses about records and objects. */
export const RECORDS_RESPONSES: Responses = {
  [`get ${PIPELINE_PATH}/store/record`]: bytes("The record's bytes."),
  [`get ${PIPELINE_PATH}/store/object`]: bytes("The object's bytes."),
  [`get ${PIPELINE_PATH}/store/children`]: json(
    200,
    'The names in the folder.',
    z.strictObject({ names: z.array(z.string()) }),
  ),
  [`get ${PIPELINE_PATH}/store/stat`]: json(
    200,
    'Its size, and when it was written.',
    z.strictObject({ size: z.number(), modified: Timestamp }),
  ),
  [`put ${PIPELINE_PATH}/store/record`]: json(
    200,
    'The record is stored.',
    z.strictObject({ created: z.boolean().describe('false if the record already existed') }),
  ),
  [`put ${PIPELINE_PATH}/store/object`]: json(200, 'The object is stored.', z.strictObject({})),
}
