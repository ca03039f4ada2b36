import type { INestApplication } from '@nestjs/common'
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger'
import { RESPONSES } from './responses.ts'
import { Problem } from './problem.ts'
import { schemaOf } from './schemas.ts'

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>
type Responses = Operation['responses']

const METHODS = ['get', 'put', 'post'] as const

/** The OpenAPI document of control: every address with its responses. */
export function documentOf(app: INestApplication): OpenAPIObject {
  const description = new DocumentBuilder().setTitle('Cairn control').setVersion('1').addBearerAuth().build()
  const document = SwaggerModule.createDocument(app, description)
  document.paths['/v1/openapi.json'] = {
    get: { operationId: 'openapi', summary: 'This document.', tags: ['document'], responses: {} },
  }
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: schemaOf(Problem, 'output') },
  }
  for (const [path, methods] of Object.entries(document.paths))
    for (const method of METHODS) {
      const operation = methods[method]
      if (operation) operation.responses = responsesOf(method, path)
    }
  return document
}

function responsesOf(method: string, path: string): Responses {
  const response = RESPONSES[`${method} ${path}`]
  if (!response) throw new Error(`${method} ${path} has no response in responses.ts`)
  const { status, what, type = 'application/json', body } = response
  return {
    [status]: { description: what, content: { [type]: { schema: schemaOf(body, 'output') } } },
    ...Object.fromEntries(refusalsOf(method, path).map((refused) => [refused, REFUSED[refused]!])),
  }
}

/** Adds the error responses by rules for all addresses, so that none is forgotten. */
function refusalsOf(method: string, path: string): number[] {
  if (path.startsWith('/health/')) return [400, 414, 431, 500, 503]
  if (path === '/v1/openapi.json') return [400, 414, 431, 500]
  return [...[400, 401, 403, 404, 409, 414, 422, 429, 431, 500, 503], ...(method === 'get' ? [] : [413, 415])]
}

const problem = (description: string, headers?: object) => ({
  description,
  ...(headers && { headers }),
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})
const seconds = { 'Retry-After': { description: 'seconds', schema: { type: 'integer' } } }
const REFUSED: Readonly<Record<number, ReturnType<typeof problem>>> = {
  400: problem('The request cannot be read, or a parameter is wrong.'),
  401: problem('The token is missing or unknown.'),
  403: problem('The token lacks the right for this.'),
  404: problem('There is no such pipeline, run, record or object.'),
  409: problem('Another request was faster, or a check failed.'),
  413: problem('The body is too large.'),
  414: problem('The address is too long.'),
  415: problem('The content type is not supported here.'),
  422: problem('The pipeline cannot be planned.'),
  429: problem('Too many requests of this token, or too many requests waiting to be planned.', seconds),
  431: problem('The headers are too large.'),
  500: problem('Unexpected error; find it in the log by its `instance`.'),
  503: problem('The store or Kafka failed.'),
}

/** The methods that a path accepts. */
export function methodsOf({ paths }: OpenAPIObject, path: string): string[] {
  const found = Object.keys(paths).find((template) =>
    new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}/?$`).test(path),
  )
  return METHODS.filter((method) => found !== undefined && paths[found]![method]).map((method) => method.toUpperCase())
}
