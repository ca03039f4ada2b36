import type { Responses } from './responses/response.ts'
import { SERVICE_RESPONSES } from './responses/service.ts'
import { MAINTENANCE_RESPONSES } from './responses/maintenance.ts'
import { RUNS_RESPONSES } from './responses/runs.ts'
import { PRODUCTION_RESPONSES } from './responses/production.ts'
import { DEAD_LETTERS_RESPONSES } from './responses/dead-letters.ts'
import { RECORDS_RESPONSES } from './responses/records.ts'

/** The responses of control by address, for its OpenAPI document and the clients generated from that. */
export const RESPONSES: Responses = {
  ...SERVICE_RESPONSES,
  ...MAINTENANCE_RESPONSES,
  ...RUNS_RESPONSES,
  ...PRODUCTION_RESPONSES,
  ...DEAD_LETTERS_RESPONSES,
  ...RECORDS_RESPONSES,
}
