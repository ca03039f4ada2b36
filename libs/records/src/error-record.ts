import { CairnError, type ErrorCode, type Json } from '@cairn/kernel'
import { maskedStart, type Secrets } from '@cairn/secrets'
import { asJson, asText, ownFields, read, typeOf, type Mask } from './thrown-value.ts'
import { isNativeError } from 'node:util/types'

/** A thrown value as records store it: limited in size, with secrets masked. */
export interface Thrown {
  /** Of an error, its name, or its class if it has no name of its own. Of another value, its class or type. */
  readonly name: string
  /** Of a value that is not an error, the value as text. */
  readonly message: string
  /** The class and its superclasses, if they say more than the name. */
  readonly classes?: readonly string[]
  readonly stack?: string
  /** Other own properties, such as `code` or `status`. */
  readonly fields?: Readonly<Record<string, Json>>
  readonly cause?: Thrown
  /** The errors of an `AggregateError`, or the two of a `SuppressedError`. */
  readonly errors?: readonly Thrown[]
  /** Causes and aggregated errors beyond the limits: how many, and their distinct names and codes. */
  readonly leftOut?: { readonly count: number; readonly names: readonly string[] }
}

/** An error as records and events store it. */
export interface ErrorRecord extends Thrown {
  readonly code: ErrorCode
  readonly next?: string
}

const MESSAGE_LIMIT = 8_000
const INNER_MESSAGE_LIMIT = 2_000
const STACK_LIMIT = 4_000
/** Maximum errors that are kept of one thrown value, including causes and aggregated errors. */
const ERRORS_KEPT = 12
const CAUSES_KEPT = 6
const GATHERED_KEPT = 5
/** Maximum causes and aggregated errors that are visited. */
const MAX_VISITED = 1_000
const NAMES_KEPT = 50
const LINE_LIMIT = 1_000

export interface RecordOptions {
  /** Secret values. Each text is masked before it is cut. */
  readonly secrets?: Secrets
  /** Returns the part of a stack trace to keep. Without it, no stack trace is kept. */
  readonly trace?: (stack: string) => string | undefined
}

/**
 * Converts any thrown value into a record. The code is that of a `CairnError`, or STEP_FAILED for any other value.
 * Limits the number of causes and aggregated errors, and the length of texts.
 */
export function errorRecord(thrown: unknown, options: RecordOptions = {}): ErrorRecord {
  const recorder = new Recorder(options)
  const record = recorder.recordAny(thrown)
  if (!(isError(thrown) && thrown instanceof CairnError)) return { code: 'STEP_FAILED', ...record }
  const { code, next } = thrown
  const { fields: _, ...own } = record
  return { code, ...own, name: 'CairnError', ...(next !== undefined && { next: recorder.text(next, MESSAGE_LIMIT) }) }
}

/** Whether an error, a cause or an aggregated error has one of the given names, classes or codes. */
export function isOneOf(error: ErrorRecord, names: readonly string[]): boolean {
  const has = (thrown: Thrown): boolean =>
    namesOf(thrown).some((name) => names.includes(name)) ||
    thrown.leftOut?.names.some((name) => names.includes(name)) === true ||
    [...(thrown.cause ? [thrown.cause] : []), ...(thrown.errors ?? [])].some(has)
  return names.includes(error.code) || has(error)
}

/**
 * Describes an error in one line, with its innermost cause, which says most: `fetch failed: connect ECONNREFUSED …`.
 */
export function errorLine({ message, name, cause }: Thrown): string {
  let innermost = cause
  while (innermost?.cause) innermost = innermost.cause
  const own = message || `${name} without a message`
  const why = innermost && (innermost.message || innermost.name)
  const line = why === undefined || own.includes(why) ? own : `${own}: ${why}`
  return line.length > LINE_LIMIT ? `${line.slice(0, LINE_LIMIT)}…` : line
}

/** Recreates an error from its record, for a `catch` to inspect. */
export function revived({ name, message, stack, fields = {}, cause, errors }: Thrown): Error {
  const options = cause ? { cause: revived(cause) } : {}
  const error = errors ? new AggregateError(errors.map(revived), message, options) : new Error(message, options)
  const own = { name, ...(stack !== undefined && { stack }), ...fields }
  for (const [field, value] of Object.entries(own)) {
    const enumerable = field in fields
    Object.defineProperty(error, field, { value, enumerable, writable: true, configurable: true })
  }
  return error
}

class Recorder {
  readonly #secrets: Secrets
  readonly #trace: NonNullable<RecordOptions['trace']>
  readonly #seen = new Set<unknown>()
  #errorsLeft = ERRORS_KEPT
  #visitsLeft = MAX_VISITED

  constructor({ secrets = {}, trace = () => undefined }: RecordOptions) {
    this.#secrets = secrets
    this.#trace = trace
  }

  text(text: string, limit: number): string {
    return maskedStart(text, limit, this.#secrets)
  }

  /** Records any thrown value. Even an object that throws on every access, such as a proxy, gives a record. */
  recordAny(thrown: unknown): Thrown {
    try {
      return this.record(thrown, MESSAGE_LIMIT)
    } catch {
      return { name: typeof thrown, message: 'the thrown value cannot be read' }
    }
  }

  /** Records a value with its first causes and its innermost cause. */
  record(thrown: unknown, limit: number): Thrown {
    const chain = this.#chain(thrown)
    const most = Math.max(1, Math.min(CAUSES_KEPT, this.#errorsLeft))
    const innermost = most > 1 ? [chain.at(-1)] : []
    const kept = chain.length <= most ? chain : [...chain.slice(0, most - innermost.length), ...innermost]
    const leftOut = chain.filter((link) => !kept.includes(link))
    this.#errorsLeft -= kept.length
    const last = Math.max(0, kept.length - 2)
    return kept.reduceRight<Thrown | undefined>((cause, link, at) => {
      const own = this.#own(link, at === 0 ? limit : INNER_MESSAGE_LIMIT)
      const gathered = this.#gathered(link, at === last ? leftOut : [])
      return { ...own, ...(cause && { cause }), ...gathered }
    }, undefined)!
  }

  /** Lists the value and its causes, each once. */
  #chain(thrown: unknown): unknown[] {
    const chain: unknown[] = []
    for (let link: unknown = thrown; this.#visitsLeft > 0; link = read(link, 'cause')) {
      if (chain.length > 0 && (link === undefined || link === null || this.#seen.has(link))) break
      this.#visitsLeft--
      if (typeof link === 'object') this.#seen.add(link)
      if (!repeats(chain.at(-1), link)) chain.push(link)
    }
    return chain
  }

  #gathered(link: unknown, causes: readonly unknown[]): Pick<Thrown, 'errors' | 'leftOut'> {
    const all = gatheredBy(link)
    const errors: Thrown[] = []
    const leftOut = [...causes]
    for (const error of all.slice(0, MAX_VISITED)) {
      const isKept = errors.length < GATHERED_KEPT && this.#errorsLeft > 0 && !this.#seen.has(error)
      if (isKept) errors.push(this.record(error, INNER_MESSAGE_LIMIT))
      else leftOut.push(...this.#chain(error))
    }
    const names = new Set(leftOut.flatMap((error) => namesOf(this.#own(error, 0))))
    const count = all.length - errors.length + causes.length
    return {
      ...(errors.length > 0 && { errors }),
      ...(count > 0 && { leftOut: { count, names: [...names].slice(0, NAMES_KEPT) } }),
    }
  }

  #own(thrown: unknown, limit: number): Thrown {
    const mask = (text: string, most: number) => this.text(text, most)
    const error = isError(thrown)
    const message = read(thrown, 'message')
    const hasMessage = typeof message === 'string' && (error || message !== '')
    const classes = error ? classesOf(thrown) : []
    const full = error && limit > 0 ? read(thrown, 'stack') : undefined
    const stack = typeof full === 'string' ? this.#trace(full) : undefined
    const name = read(thrown, 'name')
    const isNamed = typeof name === 'string' && name !== '' && (!error || name !== 'Error')
    const fields = ownFields(thrown, mask)
    return {
      name: mask(isNamed && hasMessage ? name : error ? (classes[0] ?? 'Error') : typeOf(thrown), 100),
      message: mask(hasMessage ? message : error ? '' : valueText(thrown, mask), limit),
      ...(classes.some((known) => known !== name) && { classes: classes.map((known) => mask(known, 100)) }),
      ...(stack !== undefined && { stack: mask(stack, limit + STACK_LIMIT) }),
      ...(Object.keys(fields).length > 0 && { fields }),
    }
  }
}

function valueText(thrown: unknown, mask: Mask): string {
  if (typeof thrown === 'string' && thrown !== '') return thrown
  const text = asText(asJson(thrown, mask))
  return typeof thrown === 'object' && thrown !== null
    ? text
    : `a value that is not an Error was thrown: ${text || "''"}`
}

function isError(thrown: unknown): thrown is Error {
  try {
    return isNativeError(thrown) || (thrown instanceof Error && typeOf(thrown) !== 'Proxy')
  } catch {
    return false // a proxy that throws on access
  }
}

/** Whether an outer CairnError only adds a location in front of the message of the inner one. */
function repeats(outer: unknown, inner: unknown): boolean {
  if (!isError(outer) || !isError(inner) || !(outer instanceof CairnError && inner instanceof CairnError)) return false
  return outer.message.endsWith(inner.message)
}

function gatheredBy(thrown: unknown): readonly unknown[] {
  if (!isError(thrown)) return []
  const errors: unknown = read(thrown, 'errors')
  if (Array.isArray(errors)) return errors
  const [error, suppressed] = [read(thrown, 'error'), read(thrown, 'suppressed')]
  return read(thrown, 'name') === 'SuppressedError' ? [error, suppressed] : []
}

/** Lists the class and its superclasses up to, and without, `Error`. */
function classesOf(error: Error): string[] {
  const names: string[] = []
  for (let at: unknown = Object.getPrototypeOf(error); at && names.length < 10; at = Object.getPrototypeOf(at)) {
    const name = read(Object.hasOwn(at, 'constructor') ? read(at, 'constructor') : undefined, 'name')
    if (name === 'Error' || name === 'Object') break
    if (typeof name === 'string' && name !== '') names.push(name)
  }
  return names
}

function namesOf({ name, classes = [], fields: { code } = {} }: Thrown): string[] {
  const own = typeof code === 'string' || typeof code === 'number' ? [String(code)] : []
  return [name, ...classes, ...own]
}
