import type { Json } from '@cairn/kernel'
import { placeOf, RECORD_VERSION } from '../records.ts'
import { RECORD_KINDS } from './record-shape.ts'
import type { JsonSchema } from './shape.ts'

/** The JSON Schema of one kind of record, and where its records are stored. */
export interface RecordSchema {
  /** Name of the kind, such as `plan` or `checkpoint`. */
  readonly name: string
  /** Where such records lie in a pipeline's folder, such as `runs/<run>/plan`. */
  readonly path: string
  /** Whether the record at this path is of this kind. */
  readonly isAt: (path: string) => boolean
  /** JSON Schema, draft 2020-12. */
  readonly schema: JsonSchema
}

/** Returns the JSON Schemas that records are validated with, for programs in any language. */
export function recordSchemas(): RecordSchema[] {
  return RECORD_KINDS.map(({ name, path, what, place, shape }) => {
    const shared: Record<string, JsonSchema> = {}
    const { type, required, properties, ...more } = shape.schema(shared)
    return {
      name,
      path,
      isAt: (found) => place.test(placeOf(found)),
      schema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id: `urn:cairn:record:v${RECORD_VERSION}:${name}`,
        title: path,
        description: what,
        type: type!,
        required: ['v', ...(required as string[])],
        properties: { v: VERSION, ...(properties as JsonSchema), check: CHECK },
        ...more,
        $defs: Object.fromEntries(Object.entries(shared).toSorted(([a], [b]) => (a < b ? -1 : 1))),
      },
    }
  })
}

const VERSION: Json = {
  description:
    'version of the record format. It is raised when the meaning of a field changes; a program must reject versions that it does not know',
  type: 'integer',
  minimum: 1,
  maximum: RECORD_VERSION,
}
const CHECK: Json = {
  description:
    'checksum of the text and the path. Cairn uses it to detect damaged or misplaced records; other programs may ignore it',
}
