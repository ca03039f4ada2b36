import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Report } from './report.ts'
import { CLOSED, HANDLED } from './shared.ts'

/** Beside this module: as source, or as it was built. */
const THREAD = new URL(`./exporter${extname(import.meta.url)}`, import.meta.url)
/** Reports that may wait for the thread. */
const MOST_WAITING = 4_096
/** How long the end of the process waits, at most, for what is not exported yet: milliseconds. */
const EXIT_MS = Number(process.env['CAIRN_TRACKING_EXIT_MS'] ?? 1_000)
const MEMORY_MB = 128

/**
 * Hands reports to a thread of their own, which alone knows OpenTelemetry: whatever the collector does, or that thread, the
 * process goes on. What the thread does not keep up with is counted and dropped.
 */
export class Sender {
  readonly #shared = new Int32Array(new SharedArrayBuffer(8))
  #thread: Worker | undefined
  #isGone = false
  #posted = 0
  #dropped = 0

  readonly send = (report: Report): void => {
    if (this.#isGone) return
    if (((this.#posted - Atomics.load(this.#shared, HANDLED)) | 0) >= MOST_WAITING) return this.drop()
    if (this.#dropped > 0) this.#post({ about: 'dropped', count: this.#dropped })
    this.#dropped = 0
    this.#post(report)
  }

  readonly drop = (): void => void this.#dropped++

  #post(report: Report): void {
    this.#thread ??= this.#start()
    this.#thread.postMessage(report)
    this.#posted++
  }

  /** Not before there is something to report: most processes that load this have nothing. */
  #start(): Worker {
    const thread = new Worker(THREAD, {
      name: 'cairn-tracking',
      workerData: this.#shared,
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    })
    thread.on('error', () => (this.#isGone = true))
    thread.on('exit', () => (this.#isGone = true))
    thread.unref()
    process.on('exit', () => this.#close())
    return thread
  }

  /** Blocks, for a process that exits waits for nothing else. */
  #close(): void {
    if (this.#isGone) return
    if (this.#dropped > 0) this.#post({ about: 'dropped', count: this.#dropped })
    this.#thread!.postMessage('close')
    Atomics.wait(this.#shared, CLOSED, 0, EXIT_MS)
  }
}
