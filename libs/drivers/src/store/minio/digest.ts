import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** Code of the thread, as text, so that it also works in a bundle of one file. */
const HASH_FILE = `
  const { createHash } = require('node:crypto')
  const { openSync, readSync } = require('node:fs')
  const { parentPort, workerData } = require('node:worker_threads')
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafe(1 << 20)
  const file = openSync(workerData, 'r')
  let at = 0
  parentPort.on('message', ({ end, last }) => {
    for (let size = 1; size > 0 && at < end; at += size) {
      size = readSync(file, piece, 0, Math.min(piece.length, end - at), at)
      hash.update(piece.subarray(0, size))
    }
    if (!last) return
    parentPort.postMessage(hash.digest('hex'))
    parentPort.close()
  })
`

/**
 * Computes the SHA-256 of a file while its parts are written in any order. A thread reads the written parts, so that
 * the event loop stays free for heartbeats, and the digest is ready soon after the last part.
 */
export class ProgressiveDigest {
  readonly #thread: Worker
  readonly #digest: Promise<string>
  /** Written parts after one that is not written: their end by their start. */
  readonly #ahead = new Map<number, number>()
  #end = 0

  constructor(file: string) {
    this.#thread = new Worker(HASH_FILE, { eval: true, workerData: file })
    this.#digest = once(this.#thread, 'message').then(([digest]) => digest as string)
    this.#digest.catch(() => {}) // `result` rejects
  }

  /** Reports that a part is written and will not change. */
  written(start: number, end: number): void {
    this.#ahead.set(start, end)
    const before = this.#end
    for (let next; (next = this.#ahead.get(this.#end)) !== undefined; this.#end = next) this.#ahead.delete(this.#end)
    if (this.#end > before) this.#post({ end: this.#end })
  }

  /** Resolves with the digest (hex) of all parts up to the first that is not written. Call it once. */
  result(): Promise<string> {
    this.#post({ end: this.#end, last: true })
    return this.#digest
  }

  close(): void {
    void this.#thread.terminate()
  }

  #post(message: { readonly end: number; readonly last?: boolean }): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#thread.postMessage(message)
  }
}
