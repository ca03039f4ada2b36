import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common'
import { CairnError, type ErrorCode } from '@cairn/kernel/runtime'

const STATUS: Partial<Record<ErrorCode, number>> = {
  NOT_FOUND: 404,
  BAD_PARAMETER: 400,
  BAD_RECORD: 400,
  CONFLICT: 409,
  REFUSED: 409,
  BAD_DEFINITION: 422,
  BAD_WIRING: 422,
  SOURCE_UNREACHABLE: 422,
  STORE_REFUSED: 400,
  STORE_FAILED: 503,
  BUS_FAILED: 503,
}

interface Reply {
  status(code: number): Reply
  type(contentType: string): Reply
  send(body: object): void
}

/** Every error as `{ error: { code, message, next } }`; what nobody foresaw says nothing of itself to the outside. */
@Catch()
export class Errors implements ExceptionFilter {
  readonly #log = new Logger('control')

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<Reply>().type('application/json; charset=utf-8')
    if (error instanceof CairnError) {
      const { code, message, next } = error
      return reply.status(STATUS[code] ?? 500).send({ error: { code, message, ...(next !== undefined && { next }) } })
    }
    if (error instanceof HttpException) {
      const body = error.getResponse()
      const known =
        typeof body === 'object' && 'code' in body ? body : { code: codeOf(error.getStatus()), message: error.message }
      return reply.status(error.getStatus()).send({ error: known })
    }
    this.#log.error(error)
    reply.status(500).send({ error: { code: 'UNEXPECTED', message: 'something went wrong here; the log says what' } })
  }
}

function codeOf(status: number): string {
  return { 401: 'UNAUTHENTICATED', 403: 'NOT_ALLOWED', 404: 'NOT_FOUND', 413: 'TOO_LARGE' }[status] ?? 'BAD_REQUEST'
}
