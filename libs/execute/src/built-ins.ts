import { CairnError } from '@cairn/kernel'

/**
 * The built-in objects of JavaScript and Node, as they are before any project code is loaded. Cairn runs in the same
 * process as that code and uses these objects to write its records, so a changed one could make a record wrong.
 */
const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf, setPrototypeOf, defineProperty, deleteProperty } = Reflect
const { is } = Object

interface Known {
  readonly name: string
  readonly object: object
  readonly prototype: object | null
  readonly keys: readonly PropertyKey[]
  readonly values: readonly PropertyDescriptor[]
  /** Whether additions to the object are refused: other objects inherit or share them. */
  readonly closed: boolean
}

const NAMES =
  `Object Function Array String Number Boolean Symbol BigInt Math JSON Reflect Promise Proxy Date RegExp Error
  AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError Map Set WeakMap WeakSet WeakRef
  FinalizationRegistry Iterator ArrayBuffer SharedArrayBuffer DataView Atomics Intl Int8Array Uint8Array Uint8ClampedArray
  Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array Float32Array Float64Array
  Buffer URL URLSearchParams TextEncoder TextDecoder AbortController AbortSignal Event EventTarget performance
  parseInt parseFloat isNaN isFinite encodeURIComponent decodeURIComponent encodeURI decodeURI globalThis
  structuredClone queueMicrotask fetch setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate`
    .trim()
    .split(/\s+/)

/** Built-in objects without a global name, reached through values that the language creates. */
const HIDDEN: Readonly<Record<string, object>> = {
  'a typed array': getPrototypeOf(Uint8Array)!,
  "a typed array's prototype": getPrototypeOf(Uint8Array.prototype)!,
  "an array's iterator": getPrototypeOf([][Symbol.iterator]())!,
  "a map's iterator": getPrototypeOf(new Map().entries())!,
  "a set's iterator": getPrototypeOf(new Set().values())!,
  "a string's iterator": getPrototypeOf(''[Symbol.iterator]())!,
  'a generator': getPrototypeOf(getPrototypeOf(function* () {})!)!,
  'an async generator': getPrototypeOf(getPrototypeOf(async function* () {})!)!,
}

const globals = globalThis as unknown as Readonly<Record<string, unknown>>
const values = NAMES.map((name) => globals[name]) // reading them loads those that Node loads lazily
const known: readonly Known[] = [
  ...NAMES.flatMap((name, at) => {
    const value = values[at]
    const prototype = typeof value === 'function' ? (value as { prototype?: unknown }).prototype : undefined
    if (name === 'globalThis' || !isObject(value)) return []
    return [knownOf(name, value), ...(isObject(prototype) ? [knownOf(`${name}.prototype`, prototype)] : [])]
  }),
  ...Object.entries(HIDDEN).map(([name, object]) => knownOf(name, object)),
]

function knownOf(name: string, object: object): Known {
  const keys = ownKeys(object)
  const closed = name === 'Object.prototype' || name === 'performance'
  return {
    name,
    object,
    prototype: getPrototypeOf(object),
    keys,
    values: keys.map((key) => getOwnPropertyDescriptor(object, key)!),
    closed,
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

const refused = new Map<string, CairnError>()
// oxlint-disable-next-line typescript/unbound-method -- called with the map
const { get, set } = Map.prototype

/**
 * Loads project code and checks that it leaves the built-in objects unchanged.
 *
 * @param key identifies the code: once refused, it stays refused, because its modules do not run again
 * @param what names the code in the error
 * @throws CairnError BAD_DEFINITION when it changes a built-in object, which is then restored
 */
export async function withBuiltIns<Result>(key: string, what: string, load: () => Promise<Result>): Promise<Result> {
  const before = get.call(refused, key) as CairnError | undefined
  if (before) throw before
  let result: Result
  try {
    result = await load()
  } catch (error) {
    refuseChanged(key, what)
    throw error
  }
  refuseChanged(key, what)
  return result
}

/** Calls nothing that the project code could have changed, until everything is restored. */
function refuseChanged(key: string, what: string): void {
  let changed: string | undefined
  for (let at = 0; at < NAMES.length; at++) {
    const name = NAMES[at]!
    if (is(globals[name], values[at])) continue
    changed ??= name
    defineProperty(globals, name, { value: values[at], writable: true, configurable: true, enumerable: false })
  }
  for (let at = 0; at < known.length; at++) changed = putBack(known[at]!) ?? changed
  if (changed === undefined) return
  const error = new CairnError(
    'BAD_DEFINITION',
    `${what}, or a module that it imports, modifies the JavaScript built-in ${changed}`,
    {
      next: 'use a function of your own instead: Cairn shares the built-ins with this code',
    },
  )
  set.call(refused, key, error)
  throw error
}

function putBack({ name, object, prototype, keys, values: before, closed }: Known): string | undefined {
  let changed: string | undefined
  if (!is(getPrototypeOf(object), prototype)) {
    changed = `the prototype of ${name}`
    setPrototypeOf(object, prototype)
  }
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at]!
    const was = before[at]!
    const now = getOwnPropertyDescriptor(object, key)
    if (now && is(now.value, was.value) && is(now['get'], was['get']) && is(now['set'], was['set'])) continue
    if (is(object, Error) && (key === 'stackTraceLimit' || key === 'prepareStackTrace')) continue // only for traces
    changed = member(name, key)
    defineProperty(object, key, was)
  }
  const current = ownKeys(object)
  for (let at = 0; at < current.length; at++) {
    const key = current[at]!
    if (!(closed || key === 'toJSON' || key === 'then') || isOf(keys, key)) continue
    if (key === 'toJSON' && !isInRecords(name)) continue // packages add it to Set, which is in no record
    changed = member(name, key)
    deleteProperty(object, key)
  }
  return changed
}

function isInRecords(name: string): boolean {
  switch (name) {
    case 'Object.prototype':
    case 'Array.prototype':
    case 'String.prototype':
    case 'Number.prototype':
    case 'Boolean.prototype':
      return true
    default:
      return false
  }
}

function isOf(keys: readonly PropertyKey[], wanted: PropertyKey): boolean {
  for (let at = 0; at < keys.length; at++) if (keys[at] === wanted) return true
  return false
}

function member(name: string, key: PropertyKey): string {
  return typeof key === 'symbol' ? `${name}[${key.description ?? 'a symbol'}]` : `${name}.${key as string}`
}
