import { join, resolve } from 'node:path'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { RECORD_VERSION, recordSchemas } from '@cairn/records'

const FOLDER = resolve(import.meta.dirname, `../../docs/consumers/records/v${RECORD_VERSION}`)

export function schemaFile({ name }: { readonly name: string }): string {
  return join(FOLDER, `${name}.schema.json`)
}

const ajv = new Ajv2020()

/** What is wrong with a record, by the schema that lies in docs/consumers for records at such a path. */
export function faultOf(path: string, bytes: Uint8Array): string | undefined {
  const [kind, another] = recordSchemas().filter(({ isAt }) => isAt(path))
  if (!kind || another) return `${path}: there is no schema for it, or more than one`
  const validate = ajv.getSchema(kind.schema['$id'] as string) ?? ajv.compile(read(schemaFile(kind)))
  return validate(JSON.parse(Buffer.from(bytes).toString())) ? undefined : `${path}: ${ajv.errorsText(validate.errors)}`
}

function read(file: string): object {
  return JSON.parse(readFileSync(file, 'utf8')) as object
}
