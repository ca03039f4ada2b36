import { EVENT_TYPES, topicOf, type EventType } from '@cairn/records'
import type { Json, Kinds, Pipeline } from '@cairn/kernel'
import { completedStep, EVENTS, headers, payload, type DataSchema, type JsonSchema } from './event-schema.ts'

/**
 * The contract of a pipeline's events, as an AsyncAPI 3.0 document:
 * https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export interface EventsDocument {
  readonly asyncapi: string
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly defaultContentType: string
  readonly channels: { readonly events: Channel }
  readonly operations: Readonly<Record<string, Json>>
}
interface Channel {
  readonly address: string
  readonly parameters: Readonly<Record<string, Json>>
  /** Messages by event type; for completed steps by `<step>.completed`. */
  readonly messages: Readonly<Record<string, Message>>
}
interface Message {
  readonly name: string
  readonly summary: string
  readonly headers: JsonSchema
  readonly payload: JsonSchema
  readonly bindings: Json
}

/**
 * Generates the AsyncAPI document of a pipeline's events from its definition. Events are CloudEvents in the binary mode
 * of the Kafka binding. The completion of each step has its own payload schema.
 *
 * @param options `version` is the version of the document; default `1.0.0`
 */
export function asyncApi({ graph }: Pipeline, { version = '1.0.0' } = {}): EventsDocument {
  const message = (type: EventType, data: DataSchema, step?: string): Message => ({
    name: `cairn.${type}`,
    summary: data.summary,
    headers: headers(graph.name, type, step),
    payload: payload(graph.name, data),
    bindings: { kafka: { key: { type: 'string' }, bindingVersion: '0.5.0' } },
  })
  const nodes = [...graph.nodes.values()]
  const ofStep = Map.groupBy(
    nodes.filter((node) => node.type === 'step'),
    ({ step }) => step,
  )
  const hasOthers = nodes.some(({ type }) => type !== 'step')
  const types = EVENT_TYPES.filter((type) => type !== 'completed' || hasOthers)
  const messages = [
    ...types.map((type) => [type, message(type, EVENTS[type])] as const),
    ...[...ofStep].map(([{ name, definition }, places]) => {
      const inEach = places.map(({ scope }) => scope.length > 0)
      const data = completedStep(name, definition.outputs as Kinds, inEach)
      return [`${name}.completed`, message('completed', data, name)] as const
    }),
  ]
  return {
    asyncapi: '3.0.0',
    info: {
      title: `Events of ${graph.name}`,
      version,
      description: 'An event says that something was written to the store. It carries ids and digests, never data.',
    },
    defaultContentType: 'application/json',
    channels: {
      events: {
        address: topicOf({ env: '{env}', pipeline: graph.name }),
        parameters: { env: { description: 'name of the environment, such as `production`' } },
        messages: Object.fromEntries(messages),
      },
    },
    operations: { receiveEvents: { action: 'receive', channel: { $ref: '#/channels/events' } } },
  }
}
