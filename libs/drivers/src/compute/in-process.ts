import { dirname } from 'node:path'
import { CairnError, type Step } from '@cairn/kernel'
import { errorRecord, type Compute, type ItemResult, type ItemWork, type Work } from '@cairn/records'
import { execute } from '@cairn/execute'
import { secretsFor, type Secrets } from '@cairn/secrets'
import { itemFolders, type ItemFolders } from './folders.ts'
import { scratchFaultOf } from './host-faults.ts'
import { codeOf, loadedClosures } from './load-code.ts'
import type { ComputeOptions } from './options.ts'
import { LineSplitter } from './line-splitter.ts'
import { outOfSpaceError } from './scratch-space.ts'
import { projectStack } from './stack.ts'
import { withPrinter, type Printer, type Stream } from './captured-output.ts'

/** Milliseconds after which the event loop gets a turn between short bodies. */
const TURN_MS = 10

export interface InProcessOptions extends ComputeOptions {
  /** Steps defined in this process, by name. Used for steps without stored code. */
  readonly live: ReadonlyMap<string, Step>
}

/**
 * Runs bodies in this process. There is no start-up time and no copying, but no isolation either: a body that never
 * yields blocks the process, only a body that awaits can be timed out or cancelled, and memory limits do not apply.
 *
 * Sets the time zone of this process to UTC.
 */
export function inProcess(options: InProcessOptions): Compute {
  let lastTurnAt = performance.now()
  process.env['TZ'] = 'UTC' // as in the pool's processes: dates must not depend on where a body runs
  return {
    async *run(work, signal) {
      for (const item of work.items) {
        if (performance.now() - lastTurnAt > TURN_MS) {
          await new Promise(setImmediate)
          lastTurnAt = performance.now()
        }
        const folders = itemFolders(options.scratch)
        try {
          yield await runItem(work, item, signal, folders, options)
        } finally {
          folders.remove()
        }
      }
    },
  }
}

async function runItem(
  work: Work,
  item: ItemWork,
  signal: AbortSignal,
  folders: ItemFolders,
  options: InProcessOptions,
): Promise<ItemResult> {
  let started = performance.now()
  let secrets: Secrets = {}
  const printer = new ItemPrinter(item, work)
  try {
    signal.throwIfAborted()
    printer.secrets = secrets = secretsFor(work.step, work.secrets, options.secrets, options.whereSet)
    const { root, remember } = options
    const before = loadedClosures()
    const code = await withPrinter(printer, () => codeOf(work, root, options.live))
    if (loadedClosures() > before) work.onLoaded?.()
    started = performance.now()
    const run = (stop: AbortSignal) => {
      const environment = {
        signal: stop,
        secrets,
        root,
        remember,
        get scratch() {
          return folders.scratch
        },
        get outbox() {
          return folders.outbox
        },
      }
      return withPrinter(printer, () => execute(code, work, item, environment))
    }
    const outputs = await withTimeout(work, signal, run)
    return { index: item.index, ms: performance.now() - started, outputs }
  } catch (error) {
    const trace = (stack: string) => projectStack(stack, options.root)
    const record = errorRecord(signal.aborted ? signal.reason : error, { secrets, trace })
    const fault = signal.aborted ? undefined : scratchFaultOf(record, options.scratch)
    const { home, space } = folders
    const usage = fault?.isFull && home !== undefined ? space?.usageOf([home]) : undefined
    const outOfSpace = usage && outOfSpaceError(work.step, usage, { folder: dirname(options.scratch()), own: [home!] })
    const reported = outOfSpace ?? (fault ? errorRecord(fault.error) : record)
    return { index: item.index, ms: performance.now() - started, error: reported }
  } finally {
    printer.end()
  }
}

/** Splits what an item prints into lines. Allocates nothing for an item that prints nothing. */
class ItemPrinter implements Printer {
  ended = false
  secrets: Secrets = {}
  readonly #item: ItemWork
  readonly #work: Work
  readonly #lines: Partial<Record<Stream, LineSplitter>> = {}

  constructor(item: ItemWork, work: Work) {
    this.#item = item
    this.#work = work
  }

  readonly write = (bytes: string | Uint8Array, stream: Stream): void => {
    const print = (line: string) => this.#work.print({ index: this.#item.index, stream, line })
    const lines = (this.#lines[stream] ??= new LineSplitter(this.secrets, print))
    lines.add(bytes)
  }

  end(): void {
    this.ended = true
    for (const lines of Object.values(this.#lines)) lines.flush()
  }
}

/**
 * Runs a body with a stop signal. Does not wait for a body that ignores it.
 *
 * @throws CairnError TIMED_OUT after the timeout; the reason of `signal` if that is aborted
 */
async function withTimeout<Result>(
  { step, timeoutMs }: Pick<Work, 'step' | 'timeoutMs'>,
  signal: AbortSignal,
  body: (stop: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const late = new AbortController()
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => late.abort(timedOut(step, timeoutMs)), timeoutMs)
  const stop = timer === undefined ? signal : AbortSignal.any([signal, late.signal])
  const stopped = Promise.withResolvers<never>()
  const onAbort = () => stopped.reject(stop.reason)
  stop.addEventListener('abort', onAbort)
  try {
    stop.throwIfAborted() // the listener is not called for an earlier abort
    return await Promise.race([body(stop), stopped.promise])
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', onAbort)
  }
}

export function timedOut(step: string, timeoutMs: number): CairnError {
  return new CairnError('TIMED_OUT', `${step} exceeded its timeout of ${timeoutMs / 1000} s`, {
    next: 'raise its limit, timeout: "10m", or find out what it waits for',
  })
}
