import { AsyncLocalStorage } from 'node:async_hooks'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

export type Stream = 'stdout' | 'stderr'

/** Receives the output of a body. */
export interface Printer {
  /** Whether the body has ended. Its later output is dropped. */
  ended: boolean
  /** Called with the output. Default: it goes to this process's own streams. */
  readonly write?: (bytes: string | Uint8Array, stream: Stream) => void
}

const printers = new AsyncLocalStorage<Printer | undefined>()
let installed = false

/**
 * Runs a body with its output going to the printer, even output of callbacks that run later. The first call patches
 * `process.stdout`, `process.stderr`, `fs.write` and `fs.writeSync`.
 */
export function withPrinter<Result>(printer: Printer, body: () => Result): Result {
  if (!installed) patchStreams()
  return printers.run(printer, body)
}

/** Runs a function and drops its output. */
export function withoutOutput<Result>(body: () => Result): Result {
  return withPrinter({ ended: true }, body)
}

/** Returns whether output goes to this process's own streams. If not, passes it to the printer or drops it. */
function goesToOwnStream(bytes: unknown, stream: Stream): boolean {
  const printer = printers.getStore()
  if (!printer || (!printer.ended && !printer.write)) return true
  // The printer may print, too. That is not output of the body.
  if (!printer.ended && (typeof bytes === 'string' || bytes instanceof Uint8Array))
    printers.run(undefined, () => printer.write!(bytes, stream))
  return false
}

function patchStreams(): void {
  installed = true
  for (const stream of ['stdout', 'stderr'] as const) {
    const own = process[stream].write.bind(process[stream]) as (...given: unknown[]) => boolean
    const write = (bytes: string | Uint8Array, ...rest: unknown[]): boolean => {
      if (goesToOwnStream(bytes, stream)) return own(bytes, ...rest)
      const done = rest.at(-1)
      if (typeof done === 'function') process.nextTick(done)
      return true
    }
    process[stream].write = write
  }
  patchFileWrites()
}

/** Patches `fs.write` and `fs.writeSync`, because some loggers write to the file descriptors directly. */
function patchFileWrites(): void {
  const streamOf = (fd: unknown) => (fd === 1 ? 'stdout' : fd === 2 ? 'stderr' : undefined)
  const { write, writeSync } = fs
  const captured = (
    fd: unknown,
    bytes: string | NodeJS.ArrayBufferView,
    rest: readonly unknown[],
  ): number | undefined => {
    const stream = streamOf(fd)
    if (!stream) return undefined
    const part = typeof bytes === 'string' ? bytes : partOf(bytes, rest)
    return goesToOwnStream(part, stream) ? undefined : Buffer.byteLength(part)
  }
  fs.writeSync = ((fd: number, bytes: string, ...rest: []) =>
    captured(fd, bytes, rest) ?? writeSync(fd, bytes, ...rest)) as typeof fs.writeSync
  const writeLater = (fd: number, bytes: string, ...rest: unknown[]) => {
    const length = captured(fd, bytes, rest)
    const done = rest.at(-1)
    if (length === undefined || typeof done !== 'function')
      return (write as (...given: unknown[]) => void)(fd, bytes, ...rest)
    process.nextTick(done, null, length, bytes)
  }
  fs.write = Object.assign(writeLater, write) as typeof fs.write
  syncBuiltinESMExports()
}

function partOf(view: NodeJS.ArrayBufferView, [from, length]: readonly unknown[]): Uint8Array {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  const options = typeof from === 'object' && from !== null ? (from as { offset?: number; length?: number }) : undefined
  const start = options ? (options.offset ?? 0) : typeof from === 'number' ? from : 0
  const count = options ? options.length : typeof length === 'number' ? length : undefined
  return bytes.subarray(start, count === undefined ? undefined : start + count)
}
