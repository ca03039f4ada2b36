import { count, json, list, map, name, number, object, shared, text, type Shape } from './shape.ts'

/** Shape of `ArtifactRef`. */
export const artifact = shared('artifact', () =>
  object(
    { digest: name, size: count },
    { text, base64: text, contentDigest: text, items: count, summary: map(json), label: text },
    {
      digest:
        'SHA-256 (hex) of the bytes. It is also the name of the object that holds them, unless `text` or `base64` does',
      size: 'size in bytes',
      text: 'the bytes as text, if they are small and valid UTF-8',
      base64: 'the bytes in base64, if they are small and not valid UTF-8',
      contentDigest: 'SHA-256 (hex) of the content, for kinds that may write equal values as different bytes',
      items: 'number of items, for a list',
      summary: 'values for display, such as the number of rows',
      label: 'label of a list item, set by the step that made it',
    },
  ),
)

const cause = shared('cause', () => inner)
const thrown = {
  name: text,
  message: text,
  classes: list(text),
  stack: text,
  fields: json,
  cause,
  errors: list(cause),
  leftOut: object(
    { count: number, names: list(text) },
    {},
    { count: 'number of errors', names: 'their distinct names and codes' },
  ),
}
const aboutThrown = {
  name: 'name of the error, or of its class',
  message: 'error message',
  classes: 'its class and the classes that it extends',
  stack: 'stack trace',
  fields: 'other properties of the error',
  cause: 'cause of the error',
  errors: 'errors of an AggregateError',
  leftOut: 'causes and aggregated errors that were omitted because there were too many',
}
const inner: Shape = object({ message: text }, thrown, aboutThrown)

/** Shape of `ErrorRecord`. */
export const error = shared('error', () =>
  object(
    { code: text, message: text },
    { ...thrown, next: text },
    {
      ...aboutThrown,
      code: 'Cairn error code, such as STEP_FAILED',
      next: 'suggested next command or change',
    },
  ),
)

/** Shape of `Signature`. */
export const signature = shared('signature', () =>
  object(
    { by: text, value: text },
    {},
    { by: 'name of the service that signed the record', value: 'Ed25519 signature of the record, in base64' },
  ),
)
