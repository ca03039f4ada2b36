import { z } from 'zod'
import { type Responses, Any, json } from './response.ts'

const Findings = z.record(z.string(), z.string())

/** Responses about the service itself. */
export const SERVICE_RESPONSES: Responses = {
  'get /health/live': json(200, 'The process is healthy.', Findings),
  'get /health/ready': json(200, 'Its dependencies are healthy.', Findings),
  'get /v1/openapi.json': json(
    200,
    'This document.',
    z.looseObject({
      openapi: z.string(),
      info: z.looseObject({ title: z.string() }),
      paths: z.record(z.string(), Any),
    }),
  ),
  'get /v1/pipelines': json(
    200,
    'The environment and its pipelines.',
    z.strictObject({ env: z.string(), pipelines: z.array(z.string()) }),
  ),
}
