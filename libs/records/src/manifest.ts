import { canonical, type ArtifactRef } from '@cairn/kernel'
import { parseManifest } from '@cairn/kernel/contract'

/** The items of a list. The content of a list artifact is its manifest, which names them in order. */
export interface Items {
  readonly length: number
  at(index: number): ArtifactRef | undefined
}

const HEAD = '{"items":['
const TAIL = '],"v":1}'
/** Text is converted to bytes in chunks of this many characters. */
const PIECE = 1 << 16

/** Writes a manifest item by item. Holds bytes, not objects, to save memory. */
export class ManifestWriter {
  length = 0
  readonly #pieces: Buffer[] = []
  #text = HEAD

  add(item: ArtifactRef): void {
    this.#text += (this.length++ > 0 ? ',' : '') + canonical(item)
    if (this.#text.length < PIECE) return
    this.#pieces.push(Buffer.from(this.#text))
    this.#text = ''
  }

  bytes(): Uint8Array {
    return Buffer.concat([...this.#pieces, Buffer.from(this.#text + TAIL)])
  }
}

/** Writes the manifest of a list: canonical JSON that names its items in order. */
export function writeManifest(items: readonly ArtifactRef[]): Uint8Array {
  const writer = new ManifestWriter()
  for (const item of items) writer.add(item)
  return writer.bytes()
}

/**
 * Opens a manifest and parses each item only when it is read. Holds bytes, not objects, to save memory. The caller must
 * have verified the digest of the bytes.
 */
export function openManifest(bytes: Uint8Array): Items {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isCanonical = whole.subarray(0, HEAD.length).equals(Buffer.from(HEAD))
  return isCanonical ? new Manifest(whole) : parseManifest(bytes)
}

const [QUOTE, BACKSLASH, COMMA, OPEN, CLOSE] = Buffer.from('"\\,{}')

class Manifest implements Items {
  length = 0
  readonly #bytes: Buffer
  /** The offset at which each item ends. */
  #ends = new Uint32Array(64)

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    let depth = 0
    let isText = false
    for (let at = HEAD.length; at < bytes.length; at++) {
      const byte = bytes[at]
      if (isText) {
        if (byte === BACKSLASH) at++
        else if (byte === QUOTE) isText = false
      } else if (byte === QUOTE) isText = true
      else if (byte === OPEN) depth++
      else if (byte === CLOSE && --depth === 0) {
        this.#end(at + 1)
        if (bytes[at + 1] !== COMMA) break
      }
    }
  }

  at(index: number): ArtifactRef | undefined {
    if (!(index >= 0 && index < this.length)) return undefined
    const start = index === 0 ? HEAD.length : this.#ends[index - 1]! + 1
    return JSON.parse(this.#bytes.toString('utf8', start, this.#ends[index])) as ArtifactRef
  }

  #end(at: number): void {
    if (this.length === this.#ends.length) {
      const more = new Uint32Array(2 * this.length)
      more.set(this.#ends)
      this.#ends = more
    }
    this.#ends[this.length++] = at
  }
}

/** Concatenates the items of several lists. */
export function chained(lists: readonly Items[]): Items {
  if (lists.length === 1) return lists[0]!
  const starts: number[] = []
  let length = 0
  for (const list of lists) {
    starts.push(length)
    length += list.length
  }
  return {
    length,
    at(index) {
      const list = starts.findLastIndex((start) => start <= index)
      return lists[list]?.at(index - starts[list]!)
    },
  }
}
