import type { Reach } from '@cairn/kernel'

export type Reached = Reach | 'console'

/**
 * What using a name means. Keys are members: `''` is the value as a whole, `*` any member that is not listed, `()` a
 * call of it, `new()` and `new(…)` a construction without and with arguments. Without `*`, other members are harmless.
 */
type Rule = Reached | 'nothing' | { readonly [member: string]: Rule }

const WEB_CRYPTO = {
  '': 'randomness',
  '*': 'randomness',
  subtle: { '': 'randomness', generateKey: 'randomness' },
} as const

const GLOBAL_RULES: Readonly<Record<string, Rule>> = {
  Math: { '': 'randomness', random: 'randomness' },
  crypto: WEB_CRYPTO,
  Date: { '': 'clock', '()': 'clock', 'new()': 'clock', 'new(…)': 'nothing', now: 'clock' },
  Temporal: { '': 'clock', Now: 'clock' },
  performance: 'clock',
  ...all('File Event CustomEvent MessageEvent', { 'new()': 'clock', 'new(…)': 'clock' }), // they store a timestamp
  URL: { createObjectURL: 'randomness' },
  Function: { '': 'dynamic code', prototype: 'nothing' },
  Buffer: { allocUnsafe: 'randomness', allocUnsafeSlow: 'randomness' }, // uninitialised memory
  eval: 'dynamic code',
  require: 'dynamic code',
  module: 'dynamic code',
  exports: 'dynamic code',
  fetch: 'network',
  WebSocket: 'network',
  EventSource: 'network',
  XMLHttpRequest: 'network',
  console: 'console',
  process: {
    '': 'environment',
    '*': 'environment',
    nextTick: 'nothing',
    stdout: 'console',
    stderr: 'console',
    emitWarning: 'console',
    hrtime: 'clock',
    uptime: 'clock',
    exit: 'processes',
    abort: 'processes',
    kill: 'processes',
    binding: 'dynamic code',
    dlopen: 'dynamic code',
    getBuiltinModule: 'dynamic code',
  },
}

/** Standard globals that are deterministic, and those that a step may use to wait or to cancel. */
export const HARMLESS_GLOBALS: ReadonlySet<string> = new Set(
  `undefined NaN Infinity arguments Object Array String Number Boolean BigInt Symbol RegExp Map Set WeakMap WeakSet WeakRef
   FinalizationRegistry Promise Proxy Reflect JSON Intl Iterator AsyncIterator Atomics ArrayBuffer SharedArrayBuffer DataView
   Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float16Array Float32Array
   Float64Array BigInt64Array BigUint64Array Error TypeError RangeError SyntaxError ReferenceError EvalError URIError
   AggregateError SuppressedError DisposableStack AsyncDisposableStack DOMException isNaN isFinite parseInt parseFloat
   encodeURI encodeURIComponent decodeURI decodeURIComponent escape unescape structuredClone queueMicrotask setTimeout
   clearTimeout setInterval clearInterval setImmediate clearImmediate AbortController AbortSignal Event EventTarget
   CustomEvent MessageChannel MessagePort MessageEvent Buffer Blob File FormData Headers Request Response URL
   URLSearchParams URLPattern TextEncoder TextDecoder TextEncoderStream TextDecoderStream ReadableStream WritableStream
   TransformStream ByteLengthQueuingStrategy CountQueuingStrategy CompressionStream DecompressionStream atob btoa
   WebAssembly`.split(/\s+/),
)

const RANDOM_CRYPTO = `randomBytes randomUUID randomUUIDv7 randomInt randomFill randomFillSync pseudoRandomBytes
  getRandomValues generateKey generateKeySync generateKeyPair generateKeyPairSync generatePrime
  generatePrimeSync createDiffieHellman createECDH getDiffieHellman`

/** By module name, without `node:` and without a subpath. */
const BUILTIN_RULES: Readonly<Record<string, Rule>> = {
  ...all(
    `assert async_hooks constants diagnostics_channel events path punycode querystring stream string_decoder timers
     url util zlib`,
    'nothing',
  ),
  buffer: { Buffer: GLOBAL_RULES['Buffer']! },
  ...all('fs sqlite', 'files'),
  ...all('http https http2 net dgram tls dns quic', 'network'),
  ...all('child_process worker_threads cluster', 'processes'),
  ...all('vm module repl inspector wasi', 'dynamic code'),
  crypto: { '': 'randomness', ...all(RANDOM_CRYPTO, 'randomness'), webcrypto: WEB_CRYPTO, subtle: WEB_CRYPTO.subtle },
  process: GLOBAL_RULES.process!,
  perf_hooks: 'clock',
  console: 'console',
}

function all<R extends Rule>(names: string, rule: R): Record<string, R> {
  return Object.fromEntries(names.split(/\s+/).map((name) => [name, rule]))
}

/** How a value is used, if it is called or constructed. */
export type Call = '()' | 'new()' | 'new(…)'

/** What a member of a module of Node reaches; undefined if it is harmless. An unknown module counts as environment. */
export function builtinReach(specifier: string, members: readonly string[], as?: Call): Reached | undefined {
  const [name] = specifier.replace(/^node:/, '').split('/')
  return apply(BUILTIN_RULES[name!] ?? 'environment', members, as)
}

/**
 * What a global variable, or a member of one, reaches; undefined if it is harmless. An unknown one counts as
 * environment.
 */
export function globalReach(name: string, members: readonly string[], as?: Call): Reached | undefined {
  if (name === 'globalThis' || name === 'global' || name === 'self')
    return members.length > 0 ? globalReach(members[0]!, members.slice(1), as) : 'dynamic code'
  if (Object.hasOwn(GLOBAL_RULES, name)) return apply(GLOBAL_RULES[name]!, members, as)
  return HARMLESS_GLOBALS.has(name) ? undefined : 'environment'
}

function apply(rule: Rule, members: readonly string[], as?: Call): Reached | undefined {
  if (typeof rule === 'string') return rule === 'nothing' ? undefined : rule
  const [member, ...rest] = members
  if (member === undefined) return apply((as && rule[as]) ?? rule[''] ?? 'nothing', [])
  return apply((Object.hasOwn(rule, member) ? rule[member] : rule['*']) ?? 'nothing', rest, as)
}
