import { z } from 'zod'

/** The successful response of an address. */
export interface SuccessResponse {
  readonly status: number
  readonly what: string
  readonly type?: string
  readonly body: z.ZodType
}
/** By method and address. */
export type Responses = Readonly<Record<string, SuccessResponse>>

export const json = (status: number, what: string, body: z.ZodType): SuccessResponse => ({ status, what, body })
export const PIPELINE_PATH = '/v1/pipelines/{pipeline}'

export const Timestamp = z.number().describe('milliseconds since 1970')
export const ErrorBody = z.looseObject({ code: z.string(), message: z.string(), next: z.string().optional() })
export const Any = z.unknown().describe('any JSON')
