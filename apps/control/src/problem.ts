import { z } from 'zod'

/** The body of an error response by RFC 9457, with Cairn's code and the next step. */
export const Problem = z.strictObject({
  type: z.string().describe('`urn:cairn:problem:<code>`'),
  title: z.string().describe('the same for all problems of a type'),
  status: z.int().min(400).max(599),
  detail: z.string().describe('what happened, where, and what was expected'),
  instance: z.string().optional().describe("of an unexpected error: its id in the service's log"),
  code: z.string(),
  next: z.string().optional().describe('what to do: a command, or the change to make'),
})
export type Problem = z.output<typeof Problem>

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** Status and title by code: errors of requests, and errors of Cairn that may reach a client. */
const PROBLEMS = {
  BAD_REQUEST: [400, 'The request cannot be read'],
  BAD_PARAMETER: [400, 'A parameter is wrong'],
  BAD_RECORD: [400, 'A record cannot be read'],
  NOT_JSON: [400, 'A value cannot be written as JSON'],
  STORE_REFUSED: [400, 'The store does not accept the name'],
  UNAUTHENTICATED: [401, 'The token is missing or unknown'],
  NOT_ALLOWED: [403, 'The token lacks a right'],
  NOT_FOUND: [404, 'Not found'],
  METHOD_NOT_ALLOWED: [405, 'The method is not allowed'],
  CONFLICT: [409, 'Another request was faster'],
  REFUSED: [409, 'A check failed'],
  CORRUPT: [409, 'Stored bytes do not match their digest'],
  TOO_LARGE: [413, 'The request is too large'],
  URI_TOO_LONG: [414, 'The address is too long'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The content type is not supported'],
  BAD_DEFINITION: [422, 'The pipeline is defined incorrectly'],
  BAD_WIRING: [422, 'The pipeline is wired incorrectly'],
  BAD_OUTPUT: [422, 'An output does not fit its declaration'],
  MISFIT: [422, 'The packages do not fit the plan'],
  MISSING_SECRET: [422, 'A secret is missing'],
  SOURCE_UNREACHABLE: [422, 'A source cannot be read'],
  STEP_FAILED: [422, 'A step failed'],
  STEP_CRASHED: [422, "The project's code ended the planning process"],
  OUT_OF_MEMORY: [422, "The project's code ran out of memory"],
  OUT_OF_SPACE: [422, "The project's code filled the disk"],
  TIMED_OUT: [422, "The project's code took too long"],
  CANCELLED: [409, 'The work was cancelled'],
  TOO_MANY_REQUESTS: [429, 'Too many requests'],
  HEADERS_TOO_LARGE: [431, 'The headers are too large'],
  UNEXPECTED: [500, 'Unexpected error in the service'],
  UNAVAILABLE: [503, 'The service is not ready'],
  STORE_FAILED: [503, 'The store failed'],
  HOST_FAILED: [503, 'The machine of the service is out of disk space, memory or file handles'],
  BUS_FAILED: [503, 'Kafka failed'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>
export type ProblemCode = keyof typeof PROBLEMS

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code)
}

export function problem(
  code: ProblemCode,
  detail: string,
  more: { readonly next?: string | undefined; readonly instance?: string } = {},
): Problem {
  const [status, title] = PROBLEMS[code]
  const { next, instance } = more
  return {
    type: `urn:cairn:problem:${code}`,
    title,
    status,
    detail,
    code,
    ...(next !== undefined && { next }),
    ...(instance !== undefined && { instance }),
  }
}

/** The code for an error of a library that only has a status. */
export function codeOfStatus(status: number): ProblemCode {
  return BY_STATUS[status] ?? (status < 500 ? 'BAD_REQUEST' : 'UNAVAILABLE')
}
const BY_STATUS: Readonly<Record<number, ProblemCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'NOT_ALLOWED',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'TOO_LARGE',
  414: 'URI_TOO_LONG',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'TOO_MANY_REQUESTS',
  431: 'HEADERS_TOO_LARGE',
  500: 'UNEXPECTED',
}

/** A request that is refused before it is handled. */
export class RequestRefused extends Error {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ProblemCode,
    detail: string,
    { next, headers = {} }: { readonly next?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail)
    this.problem = problem(code, detail, { next })
    this.headers = headers
  }
}
