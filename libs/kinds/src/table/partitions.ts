import { CairnError, describeKind, list, type Json, type Kind, type KindDescription, type List } from '@cairn/kernel'
import { readColumns, type ColumnList, type Columns } from './columns.ts'
import type { Table } from './relation.ts'
import type { TableInput, TableKind } from './table.ts'

/** The columns by which a table can be split. */
export type PartitionColumn<C extends Columns> = {
  [Name in keyof C]: C[Name] extends `${string}?` | `float${string}` ? never : Name
}[keyof C] &
  string

/**
 * A kind that writes a table as a list of tables, one for each value of a column. The value orders and labels them.
 * `each` maps over the list; a step that takes all tables declares `list(table(…))`. Rows keep their order.
 *
 * @example
 * step('split', { inputs: { flights: Flights }, outputs: { byOrigin: partitions(Flights, 'origin') }, run: … })
 */
export function partitions<C extends Columns>(
  table: TableKind<C>,
  by: PartitionColumn<C>,
): Kind<List<Table<C>>, TableInput<C>> & { readonly item: TableKind<C> } {
  const columns = readColumns((table.schema as unknown as TableSchema).columns)
  const column = columns.find(({ name }) => name === by)
  if (!column || column.nullable || column.type.startsWith('float'))
    throw new CairnError('BAD_DEFINITION', `a table cannot be split by "${by}"`, {
      next: 'choose a column that is not a float and not nullable',
    })
  const tables = list(table)
  return {
    name: 'list',
    version: 1,
    schema: { item: describeKind(table) as unknown as Json, by },
    item: table,
    encode: async (value, to) => (await import('./write-partitions.ts')).writePartitions(value, columns, column, to),
    decode: (artifact) => tables.decode(artifact),
    preview: (artifact, options) => tables.preview!(artifact, options),
    accepts: ({ kind, schema }) => kind === 'list' && table.accepts!((schema as unknown as ListSchema).item),
  }
}

/** The schema of the kind `table`. The columns are in the order of their declaration. */
interface TableSchema {
  readonly columns: ColumnList
}
interface ListSchema {
  readonly item: KindDescription
}
