import { AsyncLocalStorage } from 'node:async_hooks'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

export type Stream = 'stdout' | 'stderr'

/** Who prints: a body at work, or one that has ended, of which nothing is heard any more. */
export interface Printer {
  ended: boolean
  /** Where it prints to. Default: this process's own streams. */
  readonly write?: (bytes: string | Uint8Array, stream: Stream) => void
}

const printers = new AsyncLocalStorage<Printer | undefined>()
let installed = false

/** Runs a body so that what it prints, also later on, is known to be its own. */
export function printingAs<Result>(printer: Printer, body: () => Result): Result {
  if (!installed) install()
  return printers.run(printer, body)
}

/** Runs what may print, and lets nobody hear it. */
export function withoutOutput<Result>(body: () => Result): Result {
  return printingAs({ ended: true }, body)
}

/** Whether what is being written is for this process's own streams. */
function passes(bytes: unknown, stream: Stream): boolean {
  const printer = printers.getStore()
  if (!printer || (!printer.ended && !printer.write)) return true
  // Who hears it may print it, and that is not the body's.
  if (!printer.ended && (typeof bytes === 'string' || bytes instanceof Uint8Array))
    printers.run(undefined, () => printer.write!(bytes, stream))
  return false
}

function install(): void {
  installed = true
  for (const stream of ['stdout', 'stderr'] as const) {
    const own = process[stream].write.bind(process[stream]) as (...given: unknown[]) => boolean
    const write = (bytes: string | Uint8Array, ...rest: unknown[]): boolean => {
      if (passes(bytes, stream)) return own(bytes, ...rest)
      const done = rest.at(-1)
      if (typeof done === 'function') process.nextTick(done)
      return true
    }
    process[stream].write = write
  }
  installDirect()
}

/** Loggers write to the descriptors themselves. */
function installDirect(): void {
  const streamOf = (fd: unknown) => (fd === 1 ? 'stdout' : fd === 2 ? 'stderr' : undefined)
  const { write, writeSync } = fs
  const takes = (fd: unknown, bytes: string | NodeJS.ArrayBufferView, rest: readonly unknown[]): number | undefined => {
    const stream = streamOf(fd)
    if (!stream) return undefined
    const part = typeof bytes === 'string' ? bytes : partOf(bytes, rest)
    return passes(part, stream) ? undefined : Buffer.byteLength(part)
  }
  fs.writeSync = ((fd: number, bytes: string, ...rest: []) =>
    takes(fd, bytes, rest) ?? writeSync(fd, bytes, ...rest)) as typeof fs.writeSync
  const writeLater = (fd: number, bytes: string, ...rest: unknown[]) => {
    const taken = takes(fd, bytes, rest)
    const done = rest.at(-1)
    if (taken === undefined || typeof done !== 'function')
      return (write as (...given: unknown[]) => void)(fd, bytes, ...rest)
    process.nextTick(done, null, taken, bytes)
  }
  fs.write = Object.assign(writeLater, write) as typeof fs.write
  syncBuiltinESMExports()
}

function partOf(view: NodeJS.ArrayBufferView, [from, length]: readonly unknown[]): Uint8Array {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  const asked = typeof from === 'object' && from !== null ? (from as { offset?: number; length?: number }) : undefined
  const start = asked ? (asked.offset ?? 0) : typeof from === 'number' ? from : 0
  const count = asked ? asked.length : typeof length === 'number' ? length : undefined
  return bytes.subarray(start, count === undefined ? undefined : start + count)
}
