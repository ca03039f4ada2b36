import type { Json } from '@cairn/kernel'
import type { EventsDocument } from './async-api.ts'
import { kindBreaks } from './kind-breaks.ts'
import { isObject, schemaBreaks } from './schema-breaks.ts'

/**
 * Lists the changes between two documents that break consumers, each as a sentence. Additions and narrower types do not
 * break consumers.
 */
export function breaksIn(before: EventsDocument, after: EventsDocument): string[] {
  const [was, is] = [before.channels.events, after.channels.events]
  if (was.address !== is.address) return [`the topic changed from ${was.address} to ${is.address}`]
  return Object.entries(was.messages).flatMap(([name, { headers, payload }]) => {
    const now = is.messages[name]
    if (!now) return [`${name} is no longer published`]
    const kinds = kindsIn(now.payload)
    const breaks = [
      ...schemaBreaks('headers', headers, now.headers),
      ...schemaBreaks('data', payload, now.payload),
      ...Object.entries(kindsIn(payload)).flatMap(([output, kind]) =>
        output in kinds ? kindBreaks(`outputs.${output}`, kind, kinds[output]!) : [],
      ),
    ]
    return breaks.map((text) => `${name}: ${text}`)
  })
}

/** Returns the kinds of the outputs in the payload of an event, by output name. */
function kindsIn(payload: Json): Readonly<Record<string, Json>> {
  const outputs = fieldsOf(fieldsOf(payload)['outputs'])
  return Object.fromEntries(
    Object.entries(outputs).flatMap(([name, output]) => {
      const kind = isObject(output) ? output['x-cairn-kind'] : undefined
      return kind === undefined ? [] : [[name, kind]]
    }),
  )
}

function fieldsOf(schema: Json | undefined): Readonly<Record<string, Json>> {
  return isObject(schema) && isObject(schema['properties']) ? schema['properties'] : {}
}
