import type { DuckDBConnection } from '@duckdb/node-api'
import { CairnError } from '@cairn/kernel'
import { identifier, literal, storedType } from './column-sql.ts'
import type { Column } from './columns.ts'
import { csvCell, type CellFormats, type CsvColumn } from './csv-cells.ts'
import type { CsvCalls } from './duckdb-path.ts'
import { csvFault, delimiterIn, isEmpty, type Dialect } from './csv-fault.ts'
import { checkApart, isHeader, shown } from './file-columns.ts'
import { refused, shownPath } from './refused.ts'

/** CSV files with the same columns, and what is known about their format. */
export interface CsvFiles {
  readonly paths: readonly string[]
  readonly calls: CsvCalls
  /** DuckDB options for every way of reading the files. */
  readonly options: readonly string[]
  readonly columns: readonly Column[] | undefined
  /** Whether the first line is a header. @default true, unless it names none of the declared columns */
  readonly header: boolean | undefined
  readonly dialect: Omit<Dialect, 'columns'>
  readonly formats: CellFormats
}

/**
 * Returns a query that reads the cells of the files exactly as they are written.
 *
 * @throws CairnError BAD_DEFINITION when the columns of the files differ from each other or from the declaration
 * @throws CairnError STEP_FAILED for a file that is not valid CSV, with the line
 */
export async function exactCsv(connection: DuckDBConnection, files: CsvFiles): Promise<string> {
  const rows = async (text: string) => (await connection.runAndReadAll(text)).getRows()
  const { paths, columns } = files
  for (const path of paths)
    if (await isEmpty(path)) throw refused(path, undefined, 'is empty', 'write at least the header')
  try {
    const text = await (columns ? declaredCsv(rows, files, columns) : foundCsv(rows, files))
    if (columns) await rows(`describe ${text}`)
    return text
  } catch (error) {
    if (error instanceof CairnError) throw error
    for (const path of paths) {
      const fault = await csvFault(path, { ...files.dialect, columns: columns?.length })
      if (fault) throw fault
    }
    throw error
  }
}

type Rows = (text: string) => Promise<unknown[][]>

async function declaredCsv(rows: Rows, files: CsvFiles, columns: readonly Column[]): Promise<string> {
  const { paths, calls, options } = files
  const typed = columns.map((column) => ({ name: column.name, type: storedType(column), declared: true }))
  const text = `columns = {${columns.map(({ name }) => `${literal(name)}: 'VARCHAR'`).join(', ')}}`
  const read = (some: readonly string[], header: boolean) =>
    selectCells(typed, files.formats, calls.read(some, [...options, text, `header = ${header}`]))
  const headers = await Promise.all(paths.map((path) => hasDeclaredHeader(rows, files, path, typed)))
  if (headers.every((header) => header === headers[0])) return read(paths, headers[0] ?? false)
  return paths.map((path, at) => read([path], headers[at]!)).join(' union all ')
}

async function hasDeclaredHeader(
  rows: Rows,
  { calls, options, header, formats }: CsvFiles,
  path: string,
  columns: readonly CsvColumn[],
): Promise<boolean> {
  if (header === false) return false
  const line = await firstLine(rows, calls.read([path], [...options, 'header = false', 'all_varchar = true']))
  const names = columns.map(({ name }) => name)
  if (!line || isHeader(line, names)) return line !== undefined
  if (header !== undefined) return header
  const said = columns.every(({ type }) => type === 'VARCHAR') ? undefined : await isRow(rows, line, columns, formats)
  if (said !== undefined) return !said
  throw new CairnError(
    'BAD_DEFINITION',
    `the first line of ${shownPath(path)} may be a header or a row: ${shown(line)}`,
    {
      next: 'set the option header: csv(file, { columns: …, header: true }), or header: false',
    },
  )
}

/** Whether a line holds values of the columns' types. A header with other names does not. */
async function isRow(
  rows: Rows,
  line: readonly string[],
  columns: readonly CsvColumn[],
  formats: CellFormats,
): Promise<boolean> {
  const cells = columns.map(({ name }, at) => `nullif(${literal(line[at] ?? '')}, '') as ${identifier(name)}`)
  const converted = columns.map((column) => csvCell(column, formats))
  return rows(`select ${converted.join(', ')} from (select ${cells.join(', ')})`).then(
    () => true,
    () => false,
  )
}

async function firstLine(rows: Rows, call: string): Promise<string[] | undefined> {
  const [line] = await rows(`select * from ${call} limit 1`)
  return line?.map((cell) => (cell as string | null) ?? '')
}

async function foundCsv(rows: Rows, files: CsvFiles): Promise<string> {
  const { paths, calls, header = true } = files
  const options = [...files.options, `header = ${header}`]
  const found: Found[] = []
  for (const path of paths) {
    if (header) checkApart((await firstLine(rows, calls.read([path], [...files.options, ...AS_LINE]))) ?? [])
    found.push(await findColumns(rows, await sniffOf(rows, files, path, options), files.formats))
  }
  const [first] = found
  for (const [at, { columns }] of found.entries()) checkSameNames(first!.columns, columns, [paths[0]!, paths[at]!])
  const columns = [...first!.columns.keys()].map((name) => ({
    name,
    type: commonType(found.map((file) => file.columns.get(name)!)),
    declared: false,
  }))
  const types = `types = {${columns.map(({ name }) => `${literal(name)}: 'VARCHAR'`).join(', ')}}`
  const read = (some: readonly string[], delimiter: string) =>
    selectCells(columns, files.formats, calls.read(some, [...options, `delim = ${literal(delimiter)}`, types]))
  if (found.every(({ delimiter }) => delimiter === first!.delimiter)) return read(paths, first!.delimiter)
  return paths.map((path, at) => read([path], found[at]!.delimiter)).join(' union all ')
}

const AS_LINE = ['header = false', 'all_varchar = true']

interface Found {
  readonly delimiter: string
  /** The types of the columns, by name. */
  readonly columns: ReadonlyMap<string, string>
}

/** Guesses the delimiter if DuckDB finds only one column, as it does when rows have different numbers of cells. */
async function sniffOf(rows: Rows, files: CsvFiles, path: string, options: readonly string[]): Promise<string> {
  const { calls, dialect } = files
  const sniff = calls.sniff(path, options)
  if (dialect.delimiter !== undefined) return sniff
  const { columns } = await findColumns(rows, sniff, files.formats)
  const delimiter = columns.size === 1 ? delimiterIn([...columns.keys()][0]!, dialect.quote) : undefined
  return delimiter === undefined ? sniff : calls.sniff(path, [...options, `delim = ${literal(delimiter)}`])
}

async function findColumns(rows: Rows, sniff: string, formats: CellFormats): Promise<Found> {
  const [row] = await rows(`select Delimiter, DateFormat, TimestampFormat, to_json(Columns)::varchar from ${sniff}`)
  const [delimiter, day, instant, json] = row as [string, string | null, string | null, string]
  const columns = JSON.parse(json) as readonly { readonly name: string; readonly type: string }[]
  return {
    delimiter,
    columns: new Map(columns.map(({ name, type }) => [name, certainType(type, day, instant, formats)])),
  }
}

/**
 * Keeps dates as text unless their format is given, or the order is year, month, day: in other orders, day and month may
 * be confused.
 */
function certainType(type: string, day: string | null, instant: string | null, formats: CellFormats): string {
  const { dates, timestamps } = formats
  if (type === 'DATE') return dates !== undefined || day === null || /^%Y[-/]%m[-/]%d$/.test(day) ? type : 'VARCHAR'
  if (!type.startsWith('TIMESTAMP')) return type
  return timestamps !== undefined || instant === null || instant.startsWith('%Y-%m-%d') ? type : 'VARCHAR'
}

function commonType(types: readonly string[]): string {
  const all = new Set(types)
  if (all.size === 1) return types[0]!
  return [...all].every((type) => type === 'BIGINT' || type === 'DOUBLE') ? 'DOUBLE' : 'VARCHAR'
}

function checkSameNames(first: Found['columns'], other: Found['columns'], [firstPath, path]: [string, string]): void {
  if (first.size === other.size && [...first.keys()].every((name) => other.has(name))) return
  throw new CairnError(
    'BAD_DEFINITION',
    `the files have different columns: ${shown([...other.keys()])} in ${shownPath(path)}, but ${shown([...first.keys()])} in ${shownPath(firstPath)}`,
    { next: 'read each file with its own csv(…)' },
  )
}

function selectCells(columns: readonly CsvColumn[], formats: CellFormats, call: string): string {
  return `select ${columns.map((column) => csvCell(column, formats)).join(', ')} from ${call}`
}
