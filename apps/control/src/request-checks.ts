import { STATUS_CODES } from 'node:http'
import { Transform, type Readable } from 'node:stream'
import type { Socket } from 'node:net'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { HttpException } from '@nestjs/common'
import { parseExactJson, type CairnError } from '@cairn/kernel'
import { bearerOf, unauthenticated } from './auth.guard.ts'
import type { Kind, Limits } from './limits.ts'
import { codeOfStatus, problem, PROBLEM_TYPE, RequestRefused, type Problem } from './problem.ts'
import type { Tokens } from './tokens.ts'

/** Maximum length of an address in characters. Node accepts up to 16 KiB of headers, including the address. */
const MAX_ADDRESS_LENGTH = 8_000
/** Maximum nesting of JSON, as code that reads it is recursive. */
const MAX_DEPTH = 64

export interface RequestCheckOptions {
  readonly tokens: Tokens
  readonly limits: Limits
  /** Maximum bytes of JSON, and of an object. */
  readonly bodyLimit: number
  readonly objectLimit: number
}

/** Responses to what Fastify refuses before our code runs. */
export const fastifyOptions = {
  frameworkErrors(error: { readonly statusCode?: number; readonly message: string }, _: unknown, reply: unknown) {
    const refused = problem(codeOfStatus(error.statusCode ?? 400), error.message)
    const raw = reply as RawReply
    raw.code(refused.status).type(PROBLEM_TYPE).send(JSON.stringify(refused))
  },
  clientErrorHandler(error: { readonly code?: string }, socket: Socket) {
    if (error.code === 'ECONNRESET' || socket.destroyed) return
    const refused =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? problem('HEADERS_TOO_LARGE', 'the headers, or the address, are longer than 16 KiB')
        : problem('BAD_REQUEST', 'this is not an HTTP request')
    if (socket.writable) socket.write(rawAnswer(refused))
    socket.destroy(error as Error)
  },
}
interface RawReply {
  code(status: number): RawReply
  type(contentType: string): RawReply
  send(body: string): unknown
}

function rawAnswer(refused: Problem): string {
  const body = JSON.stringify(refused)
  return [
    `HTTP/1.1 ${refused.status} ${STATUS_CODES[refused.status]}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n')
}

/** Checks each request before its body is read: the token, its limits, and the content type and size of the body. */
export function addRequestChecks(
  app: NestFastifyApplication,
  { tokens, limits, bodyLimit, objectLimit }: RequestCheckOptions,
): void {
  const fastify = app.getHttpAdapter().getInstance()
  fastify.addHook('onRequest', (request, reply, done) => {
    const { method, url, headers } = request
    const route = request.routeOptions.url ?? ''
    if (url.length > MAX_ADDRESS_LENGTH)
      throw new RequestRefused('URI_TOO_LONG', `the address has more than ${MAX_ADDRESS_LENGTH} characters`)
    if (!route.startsWith('/v1/') || route === '/v1/openapi.json') return done()
    const token = bearerOf(headers.authorization)
    const holder = token === undefined ? undefined : tokens.holder(token)
    if (!holder) throw unauthenticated()
    const { raw } = reply
    raw.once('close', limits.admit(holder.id, kindOf(method, route)))
    requireType(method, headers)
    done()
  })

  fastify.removeAllContentTypeParsers()
  const asJson = fastify.getDefaultJsonParser('error', 'error')
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit }, (request, body, done) => {
    const text = utf8(body as Buffer)
    if (text === undefined) return done(new RequestRefused('BAD_REQUEST', 'the body is not valid UTF-8'))
    if (isTooDeep(text))
      return done(new RequestRefused('BAD_REQUEST', `the JSON is nested more than ${MAX_DEPTH} levels deep`))
    if (text === '') return done(null, undefined)
    void asJson(request, text, (error, value) => done(error ?? inexactError(text), value))
  })
  fastify.addContentTypeParser('application/octet-stream', (request, payload, done) => {
    if (Number(request.headers['content-length'] ?? 0) > objectLimit) return done(tooLarge(objectLimit))
    done(null, limited(payload, objectLimit))
  })
}

function kindOf(method: string, route: string): Kind {
  if (route.endsWith('/events')) return 'follow'
  return method === 'POST' && /\/(plan|runs|retry|production)$/.test(route) ? 'plan' : 'other'
}

/** POST needs JSON, PUT needs bytes. */
function requireType(method: string, headers: Readonly<Record<string, unknown>>): void {
  const wanted = CONTENT_TYPES[method]
  const { 'content-type': type, 'content-length': length = '0', 'transfer-encoding': encoding } = headers
  const isNothing = type === undefined && length === '0' && encoding === undefined
  if (wanted === undefined || isNothing) return
  if (mediaType(String(type)) === wanted && isUtf8(String(type))) return
  throw new RequestRefused('UNSUPPORTED_MEDIA_TYPE', `the body must be ${wanted}`, {
    next: `send Content-Type: ${wanted}`,
  })
}
const CONTENT_TYPES: Readonly<Record<string, string>> = { PUT: 'application/octet-stream', POST: 'application/json' }

/** JSON is UTF-8, and a `charset` may only repeat that. */
function isUtf8(contentType: string): boolean {
  const [, charset = 'utf-8'] = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(contentType) ?? []
  return /^utf-?8$/i.test(charset)
}

function mediaType(contentType: string): string {
  return contentType.split(';')[0]!.trim().toLowerCase()
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Why a value would not be what was sent: a number that cannot be held exactly, or a key that is given twice. */
function inexactError(json: string): RequestRefused | null {
  try {
    parseExactJson(json, 'the body')
    return null
  } catch (error) {
    const { message, next } = error as CairnError
    return new RequestRefused('BAD_PARAMETER', message, next === undefined ? {} : { next })
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0
  let isText = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (isText) {
      if (character === BACKSLASH) at++
      else if (character === QUOTE) isText = false
    } else if (character === QUOTE) isText = true
    else if (character === OPEN_OBJECT || character === OPEN_LIST) {
      if (++depth > MAX_DEPTH) return true
    } else if (character === CLOSE_OBJECT || character === CLOSE_LIST) depth--
  }
  return false
}
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d

function limited(body: Readable, limit: number): Readable {
  let size = 0
  const counted = new Transform({
    transform(bytes: Buffer, _, done) {
      size += bytes.length
      done(size > limit ? tooLarge(limit) : null, bytes)
    },
  })
  body.on('error', (error) => counted.destroy(error))
  body.on('close', () => body.readableEnded || counted.destroy(new HttpException('the body was cut off', 400)))
  return body.pipe(counted)
}

function tooLarge(limit: number): RequestRefused {
  return new RequestRefused('TOO_LARGE', `the body has more than ${limit.toLocaleString('en')} bytes`)
}
