import { count, json, list, map, name, number, object, shared, text, type Shape } from './shape.ts'

export const artifact = shared('artifact', () =>
  object(
    { digest: name, size: count },
    { text, base64: text, contentDigest: text, items: count, summary: map(json), label: text },
    {
      digest: 'SHA-256 of the bytes, in hex: the name of the object, where the record does not hold the bytes itself',
      size: 'bytes',
      text: 'the bytes themselves, where they are few and UTF-8',
      base64: 'the bytes themselves, where they are few and not UTF-8',
      contentDigest: 'SHA-256 (hex) of what the bytes mean, of kinds whose bytes are not reproducible',
      items: 'of a list: how many items it has',
      summary: 'what is shown beside it, such as the number of rows',
      label: 'of an item: what its maker calls it',
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
    { count: 'how many', names: 'their names and codes, each once' },
  ),
}
const aboutThrown = {
  name: 'the name of the error, or of its class',
  message: 'what happened',
  classes: 'the class, and those that it extends',
  stack: 'where it was thrown',
  fields: 'further properties of the error',
  cause: 'what caused it',
  errors: 'the errors that it gathers',
  leftOut: 'causes and gathered errors that were too many to be kept',
}
const inner: Shape = object({ message: text }, thrown, aboutThrown)

/** Shape of `ErrorRecord`. */
export const error = shared('error', () =>
  object(
    { code: text, message: text },
    { ...thrown, next: text },
    {
      ...aboutThrown,
      code: "Cairn's code of the error, such as STEP_FAILED",
      next: 'what to do about it',
    },
  ),
)

export const signature = shared('signature', () =>
  object(
    { by: text, value: text },
    {},
    { by: 'the name of the service that signed it', value: 'Ed25519 signature of the record, in base64' },
  ),
)
