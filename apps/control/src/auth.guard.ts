import {
  createParamDecorator,
  ForbiddenException,
  Inject,
  Injectable,
  SetMetadata,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { TOKENS } from './injected.ts'
import type { Holder, Right, Tokens } from './tokens.ts'

const RIGHT = 'cairn:right'

/** What a request needs, for the pipeline in its path. A route without it is open to no one. */
export const Needs = (right: Right) => SetMetadata(RIGHT, right)

/** Whoever holds the token of the request. */
export const Who = createParamDecorator((_: unknown, context: ExecutionContext) => {
  return context.switchToHttp().getRequest<Request>()[HOLDER]
})
const HOLDER = Symbol('holder')

interface Request {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly params: { readonly pipeline?: string }
  [HOLDER]?: Holder
}

/** Lets in who shows a bearer token that has the right for the pipeline. */
@Injectable()
export class AuthGuard implements CanActivate {
  readonly #tokens: Tokens
  readonly #reflector: Reflector

  constructor(@Inject(TOKENS) tokens: Tokens, @Inject(Reflector) reflector: Reflector) {
    this.#tokens = tokens
    this.#reflector = reflector
  }

  canActivate(context: ExecutionContext): boolean {
    const right = this.#reflector.get<Right | undefined>(RIGHT, context.getHandler())
    const request = context.switchToHttp().getRequest<Request>()
    const { headers, params } = request
    const [, token] = /^Bearer (\S+)$/i.exec(headers['authorization'] ?? '') ?? []
    const holder = token === undefined ? undefined : this.#tokens.holder(token)
    if (!holder) throw new UnauthorizedException('show a token: Authorization: Bearer <token>')
    request[HOLDER] = holder
    if (right !== undefined && holder.may(right, params.pipeline ?? '*')) return true
    throw new ForbiddenException(`${holder.name} may not ${right ?? 'do this'} ${params.pipeline ?? 'every pipeline'}`)
  }
}
