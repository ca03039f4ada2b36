import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline as pump } from 'node:stream/promises'
import { CairnError } from '@cairn/kernel'
import { unpacked } from './csv-fault.ts'
import { spillFolder } from './duckdb.ts'
import { originals, refused } from './refused.ts'

/*
 * Node's own TextDecoder is not used: up to Node 22, it decodes windows-1252 as ISO 8859-1, and so `€` as a control
 * character.
 */

interface Converted {
  /** Size and times of the file that was converted. */
  readonly stamp: string
  readonly path: string
}

/** Converted files by path and encoding. They are removed when the process exits. */
const converted = new Map<string, Promise<Converted>>()
let folder: string | undefined
let count = 0

/**
 * Converts a text file to UTF-8, once in a process as long as the file does not change.
 *
 * @param encoding a name that iconv-lite knows, such as `windows-1252`
 * @returns the path of the converted file; messages show the path of the original instead
 * @throws CairnError BAD_DEFINITION for an unknown encoding
 * @throws CairnError STEP_FAILED for a file that cannot be read or is not in this encoding, with the line
 */
export async function inUtf8(path: string, encoding: string): Promise<string> {
  const { default: iconv } = await import('iconv-lite')
  const isKnown: boolean = iconv.encodingExists(encoding)
  if (!isKnown)
    throw new CairnError('BAD_DEFINITION', `unknown encoding "${encoding}" of csv`, {
      next: "for example 'windows-1252', 'iso-8859-15', 'utf-16' or 'shift_jis'",
    })
  const { size, mtimeNs, ino } = await stat(path, { bigint: true }).catch((cause: Error) => {
    throw new CairnError('STEP_FAILED', `${path} cannot be read: ${cause.message}`, { cause })
  })
  const key = `${encoding} ${path}`
  const stamp = `${size} ${mtimeNs} ${ino}`
  const before = await converted.get(key)?.catch(() => undefined)
  if (before?.stamp === stamp) return before.path
  if (before) await rm(before.path, { force: true })
  const conversion = convert(path, iconv.decodeStream(encoding), encoding).then((to) => ({ stamp, path: to }))
  converted.set(key, conversion)
  return (await conversion).path
}

async function convert(path: string, decoder: NodeJS.ReadWriteStream, encoding: string): Promise<string> {
  const to = join(conversions(), `${count++}-${basename(path).replace(/\.(gz|zst)$/, '')}`)
  originals.set(to, path)
  try {
    await pump(await unpacked(path), decoder, new Checked(path, encoding), createWriteStream(to))
  } catch (cause) {
    await rm(to, { force: true })
    if (cause instanceof CairnError) throw cause
    throw refused(path, undefined, `cannot be converted to UTF-8: ${(cause as Error).message}`, 'write the file again')
  }
  return to
}

/** Passes decoded text on, unless it has the sign for bytes that cannot be decoded. */
class Checked extends Transform {
  readonly #path: string
  readonly #encoding: string
  #line = 1

  constructor(path: string, encoding: string) {
    super({ decodeStrings: false, encoding: 'utf8' })
    this.#path = path
    this.#encoding = encoding
  }

  override _transform(text: string, _: BufferEncoding, done: (error?: Error, text?: string) => void): void {
    const bad = text.indexOf('\ufffd')
    const linesIn = (part: string) => part.split('\n').length - 1
    if (bad < 0) {
      this.#line += linesIn(text)
      return done(undefined, text)
    }
    const line = this.#line + linesIn(text.slice(0, bad))
    done(refused(this.#path, line, `is not valid ${this.#encoding}`, 'set the option encoding of csv to the right one'))
  }
}

function conversions(): string {
  if (folder !== undefined) return folder
  const created = mkdtempSync(join(spillFolder(), 'cairn-csv-'))
  process.once('exit', () => rmSync(created, { recursive: true, force: true }))
  return (folder = created)
}
