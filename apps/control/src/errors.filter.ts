import { randomUUID } from 'node:crypto'
import { Catch, HttpException, Inject, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common'
import { CairnError } from '@cairn/kernel'
import { ALLOWED_METHODS } from './injected.ts'
import { codeOfStatus, isProblemCode, problem, PROBLEM_TYPE, RequestRefused, type Problem } from './problem.ts'

interface Reply {
  status(code: number): Reply
  type(contentType: string): Reply
  headers(headers: Readonly<Record<string, string>>): Reply
  send(body: string): void
}
interface Request {
  readonly method: string
  readonly url: string
}
/** The methods that a path accepts; empty for an unknown path. */
export type AllowedMethods = (path: string) => readonly string[]

interface Answer {
  readonly problem: Problem
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers every error as a `Problem`. Details of unexpected errors and of the store stay in the log. */
@Catch()
export class Errors implements ExceptionFilter {
  readonly #log = new Logger('control')
  readonly #methods: AllowedMethods

  constructor(@Inject(ALLOWED_METHODS) methods: AllowedMethods) {
    this.#methods = methods
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp()
    const { problem, headers = {} } = this.#answer(error, http.getRequest<Request>())
    const reply = http.getResponse<Reply>()
    reply.status(problem.status).headers(headers).type(PROBLEM_TYPE).send(JSON.stringify(problem))
  }

  #answer(error: unknown, request: Request): Answer {
    if (error instanceof RequestRefused) return error
    if (error instanceof CairnError) return this.#cairnError(error)
    if (error instanceof HttpException) return this.#nestError(error, request)
    const { statusCode, message } = error as { readonly statusCode?: unknown; readonly message?: string }
    if (typeof statusCode === 'number' && statusCode < 500)
      return { problem: problem(codeOfStatus(statusCode), message ?? '') }
    return this.#unexpected(error)
  }

  #cairnError(error: CairnError): Answer {
    const { code, message, next } = error
    if (!isProblemCode(code)) return this.#unexpected(error)
    const found = problem(code, message, { next })
    // The message of the store contains its name and address.
    if (code === 'STORE_REFUSED') return { problem: problem(code, 'the store does not accept this name') }
    if (found.status < 500) return { problem: found }
    this.#log.warn(error)
    const what = { STORE_FAILED: 'the store', HOST_FAILED: 'the machine of control' }[code as string] ?? 'Kafka'
    const detail = `${what} failed; the log of control says why`
    return { problem: problem(code, detail, { next: 'check cairn status, then try again' }) }
  }

  #nestError(error: HttpException, { method, url }: Request): Answer {
    const status = error.getStatus()
    const body = error.getResponse()
    if (typeof body === 'object' && 'code' in body) {
      const { code, message } = body as { readonly code: string; readonly message: string }
      if (isProblemCode(code)) return { problem: problem(code, message) }
    }
    const isUnknownRoute = status === 404 && error.message.startsWith('Cannot ')
    if (!isUnknownRoute) return { problem: problem(codeOfStatus(status), detailOf(error)) }
    const [path = ''] = url.split('?')
    const methods = this.#methods(path)
    const next = 'GET /v1/openapi.json'
    if (methods.length === 0) return { problem: problem('NOT_FOUND', `there is no address ${path}`, { next }) }
    const allow = methods.join(', ')
    return {
      problem: problem('METHOD_NOT_ALLOWED', `${method} is not allowed for ${path}: use ${allow}`, { next }),
      headers: { allow },
    }
  }

  #unexpected(error: unknown): Answer {
    const instance = `urn:uuid:${randomUUID()}`
    this.#log.error({ err: error, instance })
    const detail = 'unexpected error; the log of control says what happened'
    return { problem: problem('UNEXPECTED', detail, { instance, next: 'search the log of control for the instance' }) }
  }
}

/** For health probes: what is unhealthy. */
function detailOf(error: HttpException): string {
  const body = error.getResponse()
  if (typeof body !== 'object' || 'message' in body) return error.message
  const findings = Object.entries(body as Readonly<Record<string, unknown>>).filter(([, found]) => found !== 'ok')
  return findings.map(([what, found]) => `${what}: ${String(found)}`).join('; ')
}
