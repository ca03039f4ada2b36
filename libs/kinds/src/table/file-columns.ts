import type { DuckDBConnection } from '@duckdb/node-api'
import { CairnError } from '@cairn/kernel'

/** Files that a query reads, as a call of DuckDB. */
export interface ReadFiles {
  readonly call: string
  /** Calls that give the first line of each file as it stands there, in one row of texts. */
  readonly headers?: readonly string[]
  /** Of a Parquet file: calls that give its schema. */
  readonly schemas?: readonly string[]
  /** The columns that were declared, by place. */
  readonly declared?: readonly string[]
}

const IN_ORDER = 'declare all columns of the file, in its order, or read it without columns and name them in the query'
const RENAME = 'rename one of them in the file'

/**
 * DuckDB gives declared columns to those of a CSV file by place, and renames what it cannot tell apart: a second `a`, or
 * an `A`, becomes `a_1`, so that a query for "A" would read `a`.
 *
 * @throws CairnError BAD_DEFINITION when a query would read another column than the one that it names
 */
export async function checkFileColumns(connection: DuckDBConnection, files: ReadFiles): Promise<void> {
  const rows = async (text: string) => (await connection.runAndReadAll(text)).getRows()
  for (const schema of files.schemas ?? [])
    checkSchema((await rows(`select name, num_children, precision, scale from ${schema}`)) as SchemaRow[])
  if (files.headers === undefined) return
  if (files.declared) {
    for (const header of files.headers) checkDeclared((await firstLine(rows, header)) ?? [], files.declared)
    return
  }
  const described = (await rows(`describe select * from ${files.call}`)).map(([name]) => name as string)
  if (!described.some((name) => isNumbered(name, described))) return
  for (const header of files.headers) checkApart((await firstLine(rows, header)) ?? [])
}

async function firstLine(rows: (text: string) => Promise<unknown[][]>, call: string): Promise<string[] | undefined> {
  const [line] = await rows(`select * from ${call} limit 1`)
  return line?.map((cell) => (cell as string | null) ?? '')
}

/** A line that has none of the names is no header, or one that the declared names replace. */
function checkDeclared(line: readonly string[], declared: readonly string[]): void {
  const names = new Set(declared.map((name) => name.toLowerCase()))
  if (!line.some((name) => names.has(name.toLowerCase()))) return
  const same = line.length === declared.length && line.every((name, at) => name === declared[at])
  if (same) return
  throw new CairnError(
    'BAD_DEFINITION',
    `the columns of the file are ${shown(line)} where ${shown(declared)} are declared`,
    { next: IN_ORDER },
  )
}

/** Whether a name may be one that DuckDB made: `a_1` beside `a`. */
function isNumbered(name: string, all: readonly string[]): boolean {
  const original = /^(.*)_\d+$/.exec(name)?.[1]?.toLowerCase()
  return original !== undefined && all.some((other) => other.toLowerCase() === original)
}

function checkApart(names: readonly string[]): void {
  const known = new Map<string, string>()
  for (const name of names) {
    const other = known.get(name.toLowerCase())
    if (other !== undefined && name !== '')
      throw new CairnError(
        'BAD_DEFINITION',
        `the file has columns called "${other}" and "${name}", which SQL does not tell apart`,
        { next: RENAME },
      )
    known.set(name.toLowerCase(), name)
  }
}

type Count = bigint | number | null
type SchemaRow = [name: string, children: Count, precision: Count, scale: Count]

function checkSchema(rows: readonly SchemaRow[]): void {
  checkApart(topLevel(rows))
  // DuckDB reads those as floats of other values.
  const wide = rows.find(([, , precision]) => Number(precision ?? 0) > 38)
  if (!wide) return
  const [name, , precision, scale] = wide
  throw new CairnError(
    'BAD_DEFINITION',
    `column "${name}" of the file is DECIMAL(${precision},${scale}), and a query holds 38 digits at most`,
    { next: 'write it as text, or with 38 digits, where the file is made' },
  )
}

/** The root comes first, then each column, followed by what it holds. */
function topLevel(rows: readonly SchemaRow[]): string[] {
  const names: string[] = []
  const end = (at: number): number => {
    let next = at + 1
    for (let child = 0; child < Number(rows[at]![1] ?? 0); child++) next = end(next)
    return next
  }
  for (let at = 1; at < rows.length; at = end(at)) names.push(rows[at]![0])
  return names
}

function shown(names: readonly string[]): string {
  return names.length > 12 ? `${names.slice(0, 12).join(', ')}, …` : names.join(', ')
}
