import {
  applyDecorators,
  createParamDecorator,
  Inject,
  Injectable,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { ApiExtension } from '@nestjs/swagger'
import { PIPELINES, TOKENS } from './injected.ts'
import type { KnownPipelines } from './known-pipelines.ts'
import { RequestRefused } from './problem.ts'
import { PipelineName } from './schemas.ts'
import type { Holder, Right, Tokens } from './tokens.ts'

const RIGHT = 'cairn:right'

/**
 * The right that a request needs for the pipeline in its path, as listed in the OpenAPI document. A route without a
 * pipeline in its path admits tokens with the right for any pipeline, and answers only about these. A route without this
 * decorator is closed to everybody.
 */
export const Needs = (right: Right) => applyDecorators(SetMetadata(RIGHT, right), ApiExtension('x-cairn-right', right))

/** The holder of the request's token. */
export const Who = createParamDecorator((_: unknown, context: ExecutionContext) => {
  return context.switchToHttp().getRequest<Request>()[HOLDER]
})
const HOLDER = Symbol('holder')

interface Request {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly params: { readonly pipeline?: string }
  [HOLDER]?: Holder
}

/** The token of an `Authorization` header. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
}

export function unauthenticated(): RequestRefused {
  return new RequestRefused('UNAUTHENTICATED', 'the token is missing or unknown: send a token of this service', {
    next: 'send Authorization: Bearer <token>; cairn takes it from the context',
    headers: { 'www-authenticate': 'Bearer' },
  })
}

function notAllowed({ name }: Holder, right: Right, pipeline = 'any pipeline'): RequestRefused {
  return new RequestRefused('NOT_ALLOWED', `the token of ${name} lacks the right "${right}" for ${pipeline}`, {
    next: 'use a token with this right; "rights" and "pipelines" of each token are set in the file that CAIRN_TOKENS names',
  })
}

/** Admits requests with a bearer token that has the right for the pipeline, if the pipeline exists. */
@Injectable()
export class AuthGuard implements CanActivate {
  readonly #tokens: Tokens
  readonly #reflector: Reflector
  readonly #pipelines: KnownPipelines

  constructor(
    @Inject(TOKENS) tokens: Tokens,
    @Inject(PIPELINES) pipelines: KnownPipelines,
    @Inject(Reflector) reflector: Reflector,
  ) {
    this.#tokens = tokens
    this.#pipelines = pipelines
    this.#reflector = reflector
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const right = this.#reflector.get<Right | undefined>(RIGHT, context.getHandler())
    const request = context.switchToHttp().getRequest<Request>()
    const { headers, params } = request
    const token = bearerOf(headers['authorization'])
    const holder = token === undefined ? undefined : this.#tokens.holder(token)
    if (!holder) throw unauthenticated()
    request[HOLDER] = holder
    const { pipeline } = params
    if (right === undefined) throw new RequestRefused('NOT_ALLOWED', 'no token may use this address')
    const isAllowed = pipeline === undefined ? holder.mayAnywhere(right) : holder.may(right, pipeline)
    if (!isAllowed) throw notAllowed(holder, right, pipeline)
    // An invalid name is refused when it is parsed.
    if (PipelineName.safeParse(pipeline).success) await this.#pipelines.require(pipeline!)
    return true
  }
}
