import { randomUUID } from 'node:crypto'
import type { ItemWork, Work } from '@cairn/records'
import type { Secrets } from '@cairn/secrets'
import { LineSplitter } from './line-splitter.ts'
import type { Stream } from './captured-output.ts'

/** Number of lines of standard error kept to explain a crash: V8 prints its reasons there. */
const LAST_LINES = 50

/** Splits the output of a worker process by item. The process writes a marker after the output of each item. */
export class WorkerOutput {
  readonly marker = `\0${randomUUID()}\0`
  /** The last lines on standard error, each with the position of the item that wrote it. */
  readonly #lastLines: { readonly line: string; readonly at: number }[] = []
  readonly #streams: Readonly<Record<Stream, ItemStream>>

  constructor(items: readonly ItemWork[], secrets: Secrets, print: Work['print']) {
    const marker = Buffer.from(this.marker)
    const streamOf = (stream: Stream) =>
      new ItemStream(marker, secrets, (line, at) => {
        const item = items[at]
        if (item === undefined) return
        if (stream === 'stderr') this.#lastLines.push({ line, at })
        if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift()
        print({ index: item.index, stream, line })
      })
    this.#streams = { stdout: streamOf('stdout'), stderr: streamOf('stderr') }
  }

  /** The last lines that the current item wrote to standard error. */
  get lastLines(): string[] {
    return this.#lastLines.flatMap(({ line, at }) => (at === this.#streams.stderr.at ? [line] : []))
  }

  add(bytes: Buffer, stream: Stream): void {
    this.#streams[stream].add(bytes)
  }

  /**
   * Resolves once the output of the first `items` items has been read. Streams in `closed` are complete as they are.
   */
  async readTo(items: number, closed: readonly Stream[]): Promise<void> {
    for (const stream of closed) this.#streams[stream].close()
    await Promise.all(Object.values(this.#streams).map((stream) => stream.readTo(items)))
  }

  /** Ends both streams. To be called once the process has exited. */
  close(): void {
    for (const stream of Object.values(this.#streams)) stream.close()
  }
}

/** One of the two streams, split by item. */
class ItemStream {
  readonly #marker: Buffer
  readonly #lines: LineSplitter
  /** Position of the item that prints: the number of markers read. */
  at = 0
  /** Bytes held back because they may be the start of a marker. */
  #held: Buffer = Buffer.alloc(0)
  #closed = false
  #awaited: { readonly items: number; readonly resolve: () => void } | undefined

  constructor(marker: Buffer, secrets: Secrets, onLine: (line: string, at: number) => void) {
    this.#marker = marker
    this.#lines = new LineSplitter(secrets, (line) => onLine(line, this.at))
  }

  add(bytes: Buffer): void {
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, bytes]) : bytes
    for (let at = rest.indexOf(this.#marker); at >= 0; at = rest.indexOf(this.#marker)) {
      this.#lines.add(rest.subarray(0, at))
      this.#lines.flush()
      this.at++
      rest = rest.subarray(at + this.#marker.length)
    }
    const from = this.#partialMarkerAt(rest)
    this.#lines.add(rest.subarray(0, from))
    this.#held = rest.subarray(from)
    this.#resolveIfRead()
  }

  readTo(items: number): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited = { items, resolve }
      this.#resolveIfRead()
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#lines.add(this.#held)
    this.#lines.flush()
    this.#resolveIfRead()
  }

  #resolveIfRead(): void {
    if (this.#awaited && (this.#closed || this.at >= this.#awaited.items)) this.#awaited.resolve()
  }

  /** Returns where an incomplete marker begins at the end of `bytes`; the length of `bytes` if there is none. */
  #partialMarkerAt(bytes: Buffer): number {
    const from = Math.max(0, bytes.length - this.#marker.length + 1)
    for (let at = bytes.indexOf(0, from); at >= 0; at = bytes.indexOf(0, at + 1))
      if (this.#marker.subarray(0, bytes.length - at).equals(bytes.subarray(at))) return at
    return bytes.length
  }
}
