/* oxlint-disable unicorn/require-post-message-target-origin -- to a thread, not to a window */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Report } from './report.ts'
import { CLOSED, HANDLED } from './counters.ts'

/** Beside this module: as source, or as it was built. */
const THREAD = new URL(`./exporter${extname(import.meta.url)}`, import.meta.url)
/** Reports go to the thread so many at a time, or after so long, in milliseconds. */
const BATCH = 64
const DELAY_MS = 50
/** Reports that may be on their way. */
const MOST = 4_096
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
    return thread
  }

  /** Blocks, for a process that exits waits for nothing else. */
  readonly close = (): void => {
    if (this.#batch.length > 0 || this.#dropped > 0) this.#post()
    if (!this.#thread || this.#isGone) return
    this.#thread.postMessage('close')
    Atomics.wait(this.#shared, CLOSED, 0, EXIT_MS)
  }
}
