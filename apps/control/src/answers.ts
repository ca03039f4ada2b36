import type { Answers } from './answers/answer.ts'
import { SERVICE_ANSWERS } from './answers/service.ts'
import { MAINTENANCE_ANSWERS } from './answers/maintenance.ts'
import { RUNS_ANSWERS } from './answers/runs.ts'
import { PRODUCTION_ANSWERS } from './answers/production.ts'
import { DEAD_LETTERS_ANSWERS } from './answers/dead-letters.ts'
import { RECORDS_ANSWERS } from './answers/records.ts'

/** The responses of control by address, for its OpenAPI document and the clients generated from that. */
export const ANSWERS: Answers = {
  ...SERVICE_ANSWERS,
  ...MAINTENANCE_ANSWERS,
  ...RUNS_ANSWERS,
  ...PRODUCTION_ANSWERS,
  ...DEAD_LETTERS_ANSWERS,
  ...RECORDS_ANSWERS,
}
