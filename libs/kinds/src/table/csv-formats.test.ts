import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import iconv from 'iconv-lite'
import { afterAll, describe, expect, test } from 'vitest'
import { csv, sql, type CsvOptions } from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'cairn-csv-formats-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
function file(bytes: string | Uint8Array): string {
  const path = join(folder, `${count++}.csv`)
  writeFileSync(path, bytes)
  return path
}
const rows = (bytes: string | Uint8Array, options: CsvOptions) =>
  sql`select * from ${csv(file(bytes), options)}`.toArray()

describe('a decimal comma', () => {
  const declared = { decimal: ',', columns: { city: 'string', price: 'float64?', n: 'int32' } } as const

  test('is read in declared and in detected columns', async () => {
    const text = 'city;price;n\nKöln;1234,5;3\nUlm;-0,25;4\nBonn;;5\n'
    const expected = [
      { city: 'Köln', price: 1234.5, n: 3 },
      { city: 'Ulm', price: -0.25, n: 4 },
      { city: 'Bonn', price: null, n: 5 },
    ]
    expect(await rows(text, declared)).toEqual(expected)
    expect(await rows(text, { decimal: ',' })).toEqual(expected)
  })

  test.each(['1.234,5', '1.234', '1,2,3', '1.5'])('is not confused with thousands: %s', async (cell) => {
    await expect(rows(`city;price;n\nUlm;${cell};4\n`, declared)).rejects.toThrow(
      `column "price" of the CSV file has the cell "${cell}", which is not a number in the range of a float with a decimal comma`,
    )
  })

  test('does not change a text', async () => {
    expect(await rows('city;price;n\n1,5 km;2,5;1\n', declared)).toEqual([{ city: '1,5 km', price: 2.5, n: 1 }])
  })

  test('is an option with two values', () => {
    expect(() => csv('a.csv', { decimal: ';' as ',' })).toThrow('option "decimal" of csv is invalid: ";"')
  })
})

describe('a format of dates', () => {
  const columns = { day: 'date?', at: 'timestamp' } as const
  const formats = { dates: '%d.%m.%Y', timestamps: '%d.%m.%Y %H:%M:%S.%g' } as const

  test('is read in declared columns', async () => {
    const text = 'day,at\n3.2.2001,03.02.2001 04:05:06.789\n,31.12.1999 23:59:59.000\n'
    expect(await rows(text, { columns, ...formats })).toEqual([
      { day: '2001-02-03', at: new Date('2001-02-03T04:05:06.789Z') },
      { day: null, at: new Date('1999-12-31T23:59:59Z') },
    ])
  })

  test('makes detected columns dates, which stay text without it', async () => {
    const text = 'day\n03/02/2001\n04/02/2001\n'
    expect(await rows(text, { dates: '%d/%m/%Y' })).toEqual([{ day: '2001-02-03' }, { day: '2001-02-04' }])
    expect(await rows(text, {})).toEqual([{ day: '03/02/2001' }, { day: '04/02/2001' }])
  })

  test.each(['2001-02-03', '31.02.2001', '03.02.01', '03.02.2001 10:00'])('refuses another date: %s', async (cell) => {
    await expect(rows(`day\n${cell}\n`, { columns: { day: 'date' }, ...formats })).rejects.toThrow(
      `column "day" of the CSV file has the cell "${cell}", which is not a date in the format %d.%m.%Y`,
    )
  })

  test('refuses a timestamp with more digits than the column holds', async () => {
    const options = { columns: { at: 'timestamp' }, timestamps: '%Y-%m-%d %H:%M:%S.%f' } as const
    await expect(rows('at\n2001-02-03 04:05:06.789123\n', options)).rejects.toThrow(
      'which is not a timestamp in the format',
    )
    expect(await rows('at\n2001-02-03 04:05:06.789000\n', options)).toEqual([
      { at: new Date('2001-02-03T04:05:06.789Z') },
    ])
  })
})

describe('an encoding', () => {
  test.each(['windows-1252', 'utf-16', 'iso-8859-15', 'utf-8'])('is converted: %s', async (encoding) => {
    const text = 'name;price\r\nCafé;"12 €"\r\n'
    const bytes = iconv.encode(text, encoding, { addBOM: encoding === 'utf-16' })
    for (const content of [bytes, gzipSync(bytes)])
      expect(await rows(content, { encoding })).toEqual([{ name: 'Café', price: '12 €' }])
  })

  test('is read again when the file has changed', async () => {
    const path = file(iconv.encode('v\nä\n', 'windows-1252'))
    const read = () => sql`select v from ${csv(path, { encoding: 'windows-1252' })}`.toArray()
    expect([await read(), await read()]).toEqual([[{ v: 'ä' }], [{ v: 'ä' }]])
    writeFileSync(path, iconv.encode('v\nöö\n', 'windows-1252'))
    expect(await read()).toEqual([{ v: 'öö' }])
  })

  test('that the file is not in is refused, with the path and line of the original', async () => {
    const path = file(Buffer.from([0x76, 0x0a, 0x61, 0x0a, 0x83, 0xff, 0x0a])) // 83 begins a character of two bytes
    await expect(sql`select v from ${csv(path, { encoding: 'shift_jis' })}`.toArray()).rejects.toThrow(
      `${path}:3 is not valid shift_jis`,
    )
  })

  test('leaves the path of the original in other errors', async () => {
    const path = file(iconv.encode('a;b\nä;1;2\n', 'windows-1252'))
    const columns = { a: 'string', b: 'int32' } as const
    await expect(
      sql`select a from ${csv(path, { encoding: 'windows-1252', delimiter: ';', columns })}`.toArray(),
    ).rejects.toThrow(`${path}:2 has 3 cells, but there are 2 columns`)
  })

  test('must be known', async () => {
    await expect(rows('v\n1\n', { encoding: 'ansi-x' })).rejects.toThrow('unknown encoding "ansi-x" of csv')
  })

  test('is suggested for a file that is not UTF-8', async () => {
    await expect(rows(iconv.encode('v\nä\n', 'windows-1252'), {})).rejects.toMatchObject({
      message: expect.stringMatching(/:2 is not valid UTF-8$/) as string,
      next: "name its encoding: csv(file, { encoding: 'windows-1252' })",
    })
  })
})
