import type { Encoded, EncodedItem, Encoder } from '@cairn/kernel'
import { cellError } from './cell-error.ts'
import { identifier, storedCell, whereFits } from './column-sql.ts'
import type { Column } from './columns.ts'
import { withConnection } from './duckdb.ts'
import { stage, writeParquet } from './write.ts'

/** Sorts the rows once, and then writes each run of equal values to its own file. */
export function writePartitions(value: unknown, columns: readonly Column[], by: Column, to: Encoder): Promise<Encoded> {
  return withConnection('serial', to.signal, async (connection) => {
    const staged = await stage(connection, value, columns, to)
    const key = identifier(by.name)
    const numbered = `select ${columns.map(storedCell).join(', ')}, row_number() over () as "cairn row" from ${staged.text}${whereFits(columns, staged.types)}`
    try {
      await connection.run(
        `create temp table sorted as select * exclude "cairn row" from (${numbered}) order by ${key}, "cairn row"`,
      )
    } catch (cause) {
      throw await cellError(connection, staged, columns, cause)
    }
    await connection.run('drop table staged')
    const runs = await connection.runAndReadAll(
      `select ${key}::varchar, min(rowid)::double, max(rowid)::double from sorted group by ${key} order by ${key}`,
    )
    const items: EncodedItem[] = []
    for (const [label, first, last] of runs.getRows() as [string, number, number][]) {
      to.signal.throwIfAborted()
      const file = to.file()
      // Materialized, because a run need not begin at the start of a vector, and the bytes would depend on that.
      const run = `select * from sorted where rowid between ${first} and ${last}`
      const rows = await writeParquet(connection, `(with run as materialized (${run}) select * from run)`, file)
      items.push({ file, label, summary: { rows, columns: columns.length } })
    }
    return { items, summary: { items: items.length } }
  })
}
