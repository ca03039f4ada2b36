import { count, json, list, map, name, number, object, text, type Shape } from './shape.ts'

export const artifact = object(
  { digest: name, size: count },
  { text, base64: text, contentDigest: text, items: count, summary: map(json), label: text },
)

const thrown: Record<string, Shape> = {
  name: text,
  message: text,
  classes: list(text),
  stack: text,
  fields: json,
  cause: (value) => inner(value),
  errors: list((value) => inner(value)),
  leftOut: object({ count: number, names: list(text) }),
}
const inner = object({ message: text }, thrown)

/** As `ErrorRecord`. */
export const error = object({ code: text, message: text }, { ...thrown, next: text })

export const signature = object({ by: text, value: text })
