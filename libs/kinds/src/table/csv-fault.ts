import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { CairnError } from '@cairn/kernel'
import { compressionOf } from './duckdb-path.ts'
import { refused } from './refused.ts'

/** The format of a CSV file, as far as it is known. */
export interface Dialect {
  readonly delimiter: string | undefined
  readonly quote: string
  readonly skip: number
  /** The number of declared columns. If undefined, the first row determines it. */
  readonly columns: number | undefined
}

/** What to do about a file in another encoding. */
export const NOT_UTF8 = "name its encoding: csv(file, { encoding: 'windows-1252' })"

const DELIMITERS = [',', ';', '\t', '|']

/** The most frequent delimiter outside quotes in a header; undefined if there is none, or a tie. */
export function delimiterIn(header: string, quote: string): string | undefined {
  const plain = header.split(quote).filter((_, at) => at % 2 === 0)
  const counted = DELIMITERS.map((delimiter) => ({ delimiter, count: plain.join('').split(delimiter).length - 1 }))
  const [most, next] = counted.sort((a, b) => b.count - a.count)
  return most!.count > next!.count ? most!.delimiter : undefined
}

/** Finds the fault in a file that DuckDB cannot read, with its line; undefined if there is none. */
export async function csvFault(path: string, dialect: Dialect): Promise<CairnError | undefined> {
  const scan = new Scan(path, dialect)
  try {
    for await (const part of await unpacked(path)) {
      const fault = scan.add(part as Buffer)
      if (fault) return fault
    }
  } catch (cause) {
    return refused(path, undefined, `cannot be read: ${(cause as Error).message}`, 'write the file again')
  }
  return scan.end()
}

/** Whether a file has only white space. */
export async function isEmpty(path: string): Promise<boolean> {
  for await (const part of await unpacked(path, FEW)) {
    const bytes = part as Buffer
    return (
      bytes.length < FEW &&
      bytes
        .toString()
        .replace(/^\ufeff/, '')
        .trim() === ''
    )
  }
  return true
}

const FEW = 64

/** The content of a file, decompressed. */
export async function unpacked(path: string, end?: number): Promise<AsyncIterable<unknown>> {
  const packed = await compressionOf(path)
  const file = createReadStream(path, packed === 'none' && end !== undefined ? { end } : {})
  const unpacker = packed === 'gzip' ? createGunzip() : packed === 'zstd' ? createZstdDecompress() : undefined
  if (!unpacker) return file
  file.on('error', (error) => unpacker.destroy(error))
  return file.pipe(unpacker)
}

const LF = 10
const CR = 13

/** Scans a file byte by byte. Bytes are enough, because delimiters, quotes and line ends are ASCII. */
class Scan {
  readonly #path: string
  readonly #quote: number
  readonly #quoteText: string
  #delimiter: number | undefined
  #expected: number | undefined
  #skip: number
  #line = 1
  #cells = 1
  #isInQuotes = false
  #isBehindQuote = false
  #isCellBegun = false
  #isRowBegun = false
  #rowLine = 1
  #quoteLine = 0
  #before = 0
  #ends: string | undefined
  #mixed: CairnError | undefined
  #rows = 0
  #rest: Buffer = Buffer.alloc(0)

  constructor(path: string, { delimiter, quote, skip, columns }: Dialect) {
    this.#path = path
    this.#quote = quote.charCodeAt(0)
    this.#delimiter = delimiter?.charCodeAt(0)
    this.#expected = columns
    this.#skip = skip
    this.#quoteText = quote
  }

  add(part: Buffer): CairnError | undefined {
    const bytes = Buffer.concat([this.#rest, part])
    const end = bytes.lastIndexOf(LF) + 1 || bytes.lastIndexOf(CR) // a CR may be the first half of a CRLF
    if (end <= 0) {
      this.#rest = bytes
      return undefined
    }
    this.#rest = bytes.subarray(end)
    return this.#scan(bytes.subarray(0, end))
  }

  end(): CairnError | undefined {
    const fault = this.#scan(this.#rest)
    if (fault) return fault
    if (this.#isInQuotes)
      return this.#refused(this.#quoteLine, 'has an unclosed quote', 'close the quote; inside a cell, double it')
    return (this.#isRowBegun ? this.#endRow() : undefined) ?? this.#mixed
  }

  #scan(bytes: Buffer): CairnError | undefined {
    if (!isUtf8(bytes)) return this.#notUtf8(bytes)
    this.#delimiter ??= this.#guess(bytes)
    const start = this.#rows === 0 && bytes.subarray(0, 3).toString() === '\ufeff' ? 3 : 0
    for (let at = start; at < bytes.length; at++) {
      const fault = this.#take(bytes[at]!, bytes[at + 1])
      if (fault) return fault
    }
    return undefined
  }

  #guess(bytes: Buffer): number | undefined {
    const lines = bytes.toString().split(/\r\n|\r|\n/)
    return delimiterIn(lines[this.#skip] ?? '', this.#quoteText)?.charCodeAt(0)
  }

  #take(byte: number, next: number | undefined): CairnError | undefined {
    const isEnd = byte === LF || (byte === CR && next !== LF)
    const isHalf = byte === CR && next === LF
    if (this.#isInQuotes) {
      if (byte === this.#quote) [this.#isInQuotes, this.#isBehindQuote] = [false, true]
      if (isEnd) this.#line++
    } else if (isHalf) {
      // the LF ends the line
    } else if (isEnd) {
      const fault = this.#endRow() ?? this.#noteEnd(byte === CR ? 'CR' : this.#before === CR ? 'CRLF' : 'LF')
      if (fault) return fault
    } else if (byte === this.#delimiter) {
      this.#cells++
      this.#isRowBegun = true
      this.#isCellBegun = this.#isBehindQuote = false
    } else if (byte === this.#quote && (this.#isBehindQuote || !this.#isCellBegun)) {
      this.#isInQuotes = this.#isCellBegun = this.#isRowBegun = true
      if (!this.#isBehindQuote) this.#quoteLine = this.#line
      this.#isBehindQuote = false
    } else if (this.#isBehindQuote) {
      return this.#refused(this.#line, 'has text after the closing quote of a cell', 'double a quote inside a cell')
    } else this.#isCellBegun = this.#isRowBegun = true
    this.#before = byte
    return undefined
  }

  #endRow(): CairnError | undefined {
    const [cells, line, isBegun, isLastEmpty] = [this.#cells, this.#rowLine, this.#isRowBegun, !this.#isCellBegun]
    this.#cells = 1
    this.#isCellBegun = this.#isBehindQuote = this.#isRowBegun = false
    this.#rowLine = this.#line + 1
    if (this.#skip > 0) {
      this.#skip--
      return undefined
    }
    if (!isBegun) return undefined // an empty line
    this.#rows++
    const expected = (this.#expected ??= cells)
    if (cells === expected || (cells === expected + 1 && isLastEmpty)) return undefined
    const columns = expected === 1 ? 'is 1 column' : `are ${expected.toLocaleString('en')} columns`
    return this.#refused(
      line,
      `has ${cells === 1 ? '1 cell' : `${cells.toLocaleString('en')} cells`}, but there ${columns}`,
      'correct the line; a cell that contains the delimiter must be quoted',
    )
  }

  #noteEnd(end: string): undefined {
    if (this.#ends !== undefined && this.#ends !== end)
      this.#mixed ??= this.#refused(
        this.#line,
        `ends with ${end}, but earlier lines end with ${this.#ends}`,
        'use the same line ending in the whole file, LF or CRLF',
      )
    this.#ends ??= end
    this.#line++
    return undefined
  }

  #notUtf8(bytes: Buffer): CairnError {
    let line = this.#line
    for (let from = 0; from < bytes.length; line++) {
      const end = bytes.indexOf(LF, from) + 1 || bytes.length
      if (!isUtf8(bytes.subarray(from, end))) break
      from = end
    }
    return this.#refused(line, 'is not valid UTF-8', NOT_UTF8)
  }

  #refused(line: number, what: string, next: string): CairnError {
    return refused(this.#path, line, what, next)
  }
}
