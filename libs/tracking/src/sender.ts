/* oxlint-disable unicorn/require-post-message-target-origin -- to a thread, not to a window */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Report } from './report.ts'
import { CLOSED, HANDLED } from './counters.ts'

/** The file next to this module: as TypeScript source, or as built JavaScript. */
const THREAD = new URL(`./exporter${extname(import.meta.url)}`, import.meta.url)
/** Reports are sent to the thread in batches of this size, or after this delay in milliseconds. */
const BATCH = 64
const DELAY_MS = 50
/** Maximum number of reports that the thread has not handled yet. */
const MOST = 4_096
/** How long the exit of the process waits for pending exports, in milliseconds. */
const EXIT_MS = Number(process.env['CAIRN_TRACKING_EXIT_MS'] ?? 1_000)
const MEMORY_MB = 128

/**
 * Sends reports to a separate thread, the only one that loads OpenTelemetry, so that a fault of the collector or of
 * that thread does not affect the process. Reports that the thread cannot keep up with are dropped and counted.
 */
export class Sender {
  readonly #shared = new Int32Array(new SharedArrayBuffer(8))
  #thread: Worker | undefined
  #isGone = false
  #batch: Report[] = []
  #late: NodeJS.Timeout | undefined
  #taken = 0
  #dropped = 0

  readonly send = (report: Report): void => {
    if (this.#isGone) return
    if (((this.#taken - Atomics.load(this.#shared, HANDLED)) | 0) >= MOST) return this.drop()
    this.#taken++
    this.#batch.push(report)
    if (this.#batch.length >= BATCH) this.#post()
    else this.#late ??= setTimeout(() => this.#post(), DELAY_MS).unref()
  }

  readonly drop = (): void => void this.#dropped++

  #post(): void {
    clearTimeout(this.#late)
    this.#late = undefined
    this.#thread ??= this.#start()
    if (this.#dropped > 0) {
      this.#batch.push({ about: 'dropped', count: this.#dropped })
      this.#taken++
    }
    this.#thread.postMessage(this.#batch)
    this.#dropped = 0
    this.#batch = []
  }

  /** Starts the thread at the first report, because most processes that load this module have none. */
  #start(): Worker {
    const thread = new Worker(THREAD, {
      name: 'cairn-tracking',
      workerData: this.#shared,
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    })
    thread.on('error', () => (this.#isGone = true))
    thread.on('exit', () => (this.#isGone = true))
    thread.unref()
    return thread
  }

  /** Blocks until everything is exported, because an exiting process runs no asynchronous work. */
  readonly close = (): void => {
    if (this.#batch.length > 0 || this.#dropped > 0) this.#post()
    if (!this.#thread || this.#isGone) return
    this.#thread.postMessage('close')
    Atomics.wait(this.#shared, CLOSED, 0, EXIT_MS)
  }
}
