import type { DuckDBConnection } from '@duckdb/node-api'
import { CairnError } from '@cairn/kernel'
import { checkApart } from './file-columns.ts'
import { parquetFile, parquetSchema } from './duckdb-path.ts'

/**
 * Refuses Parquet files with different columns: DuckDB casts the columns of each file to the types of the first, which
 * can change or drop values.
 *
 * @throws CairnError BAD_DEFINITION with the file and the column
 */
export async function checkParquetFiles(connection: DuckDBConnection, paths: readonly string[]): Promise<void> {
  const rows = async (text: string) => (await connection.runAndReadAll(text)).getRows()
  let first: Map<string, string> | undefined
  for (const path of paths) {
    const schema = await rows(`select name, num_children, precision, scale from ${parquetSchema(path)}`)
    checkSchema(schema as SchemaRow[])
    if (paths.length === 1) return
    const described = (await rows(`describe select * from ${parquetFile(path)}`)) as [string, string][]
    first ??= new Map(described)
    checkSame(first, new Map(described), { path, firstPath: paths[0]! })
  }
}

interface Compared {
  readonly path: string
  readonly firstPath: string
}

function checkSame(
  first: ReadonlyMap<string, string>,
  other: ReadonlyMap<string, string>,
  { path, firstPath }: Compared,
): void {
  for (const name of new Set([...first.keys(), ...other.keys()])) {
    const [expected, found] = [first.get(name) ?? 'missing', other.get(name) ?? 'missing']
    if (expected !== found)
      throw new CairnError(
        'BAD_DEFINITION',
        `the files have different column types: "${name}" is ${found} in ${path}, but ${expected} in ${firstPath}`,
        {
          next: 'read each file with its own parquet(…), cast the columns, and combine the queries with: union all by name',
        },
      )
  }
}

type Count = bigint | number | null
type SchemaRow = [name: string, children: Count, precision: Count, scale: Count]

function checkSchema(rows: readonly SchemaRow[]): void {
  checkApart(topLevel(rows))
  // DuckDB reads decimals with more than 38 digits as floats, which changes their values.
  const wide = rows.find(([, , precision]) => Number(precision ?? 0) > 38)
  if (!wide) return
  const [name, , precision, scale] = wide
  throw new CairnError(
    'BAD_DEFINITION',
    `column "${name}" of the file is DECIMAL(${precision},${scale}), but a query supports at most 38 digits`,
    { next: 'store the column as text, or with at most 38 digits, when you write the file' },
  )
}

/** The names of the top-level columns. The schema lists the root, and then each column, followed by its children. */
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
