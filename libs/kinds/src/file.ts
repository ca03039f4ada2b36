import { open, stat } from 'node:fs/promises'
import {
  CairnError,
  checkNoOptions,
  shown,
  type Artifact,
  type Encoder,
  type Kind,
  type LocalFile,
  type Preview,
} from '@cairn/kernel'

/** A file as a step receives it. */
export interface StoredFile {
  /** In bytes. */
  readonly size: number
  /** Returns its path on this machine. The store chooses the name. Never write to it. */
  path(): Promise<string>
  /** Returns the content, decoded as UTF-8. */
  text(): Promise<string>
  bytes(): Promise<Uint8Array>
}

/** What a step may return for a file: a path, a file from a source or an input, or the content itself. */
export type FileInput = string | LocalFile | StoredFile | Uint8Array | { readonly text: string }

/**
 * A kind for files, stored byte by byte. The file that a step returns is copied (cloned, if the file system can): others
 * may change it. A large file in the step's own scratch folder is not copied.
 *
 * @param extension the file extension, such as `parquet`, `csv` or `png`. It counts in keys. @default any
 * @throws CairnError BAD_DEFINITION when it is not an extension
 * @example
 * source('load-flights', { …, outputs: { flights: file('parquet') }, run: ({ file }) => ({ flights: file.path }) })
 */
export function file(extension?: string): Kind<StoredFile, FileInput>
export function file(extension?: string, ...more: readonly unknown[]): Kind<StoredFile, FileInput> {
  checkNoOptions(more, 'file')
  if (extension !== undefined && !(typeof extension === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(extension)))
    throw new CairnError('BAD_DEFINITION', `file takes a file extension, not ${shown(extension)}`, {
      next: `for example file('csv'), or file() for any extension`,
    })
  return {
    name: 'file',
    version: 1,
    ...(extension !== undefined && { extension }),
    schema: extension === undefined ? true : { extension },
    async encode(value, to) {
      if (value instanceof Uint8Array) return { bytes: value, summary: { bytes: value.byteLength } }
      if (isText(value)) return { bytes: new TextEncoder().encode(value.text) }
      return takeFile(await pathOf(value), to)
    },
    decode: (artifact) => ({
      size: artifact.ref.size,
      path: () => artifact.path(),
      bytes: () => artifact.bytes(),
      text: async () => new TextDecoder().decode(await artifact.bytes()),
    }),
    preview: previewFile,
    ...(extension === undefined && { accepts: ({ kind }) => kind === 'file' }),
  }
}

async function takeFile(path: string, to: Encoder) {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const what = cause.code === 'ENOENT' ? 'does not exist' : `cannot be read: ${cause.message}`
    throw new CairnError('BAD_OUTPUT', `file ${path} ${what}`, { cause })
  })
  if (!found.isFile())
    throw new CairnError('BAD_OUTPUT', `${path} is ${found.isDirectory() ? 'a folder' : 'not a regular file'}`, {
      next: 'return the path of one file',
    })
  return { file: await to.take(path), summary: { bytes: found.size } }
}

async function pathOf(value: string | LocalFile | StoredFile): Promise<string> {
  const path = typeof value === 'object' && value !== null ? value.path : value
  const found = typeof path === 'function' ? await path() : path
  if (typeof found === 'string') return found
  throw new CairnError('BAD_OUTPUT', `value is ${value === null ? 'null' : typeof value}, not a file`, {
    next: 'return a path, a file, a Uint8Array or { text: … }',
  })
}

function isText(value: FileInput): value is { readonly text: string } {
  return typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string'
}

const SHOWN_BYTES = 4096

async function previewFile(artifact: Artifact): Promise<Preview> {
  const head = await firstBytes(artifact)
  const text = new TextDecoder('utf-8', { fatal: false }).decode(head, { stream: true })
  if (!isBinary(text)) return { type: 'text', text }
  return { type: 'summary', fields: { bytes: artifact.ref.size, sha256: artifact.ref.digest } }
}

async function firstBytes(artifact: Artifact): Promise<Uint8Array> {
  if (artifact.ref.size <= SHOWN_BYTES) return artifact.bytes()
  await using opened = await open(await artifact.path())
  const { bytesRead, buffer } = await opened.read(new Uint8Array(SHOWN_BYTES), 0, SHOWN_BYTES, 0)
  return buffer.subarray(0, bytesRead)
}

/** Whether decoded text is binary: it has replacement characters, or control characters other than white space. */
function isBinary(text: string): boolean {
  return /\ufffd|(?![\s\x1b])\p{Cc}/u.test(text)
}
