import type { Builder, DataType, Table as ArrowTable } from 'apache-arrow'
import { cellNumber, identifier } from './column-sql.ts'
import type { Column } from './columns.ts'
import { readChunks, type Select } from './read.ts'
import type { SqlSource } from './sql-source.ts'

export async function readArrow(source: SqlSource): Promise<ArrowTable> {
  const arrow = await import('apache-arrow')
  const types: Record<Column['type'], DataType> = {
    bool: new arrow.Bool(),
    int8: new arrow.Int8(),
    int16: new arrow.Int16(),
    int32: new arrow.Int32(),
    int64: new arrow.Int64(),
    uint8: new arrow.Uint8(),
    uint16: new arrow.Uint16(),
    uint32: new arrow.Uint32(),
    bigint: new arrow.Int64(),
    float32: new arrow.Float32(),
    float64: new arrow.Float64(),
    string: new arrow.Utf8(),
    date: new arrow.DateDay(),
    timestamp: new arrow.TimestampMillisecond('UTC'),
  }
  let names: string[] = []
  let builders: Builder[] = []
  const select: Select = (columns) => {
    names = columns.map(({ name }) => name)
    builders = columns.map(({ type }) => arrow.makeBuilder({ type: types[type], nullValues: [null] }))
    return { cells: columns.map(arrowCell), of: columns }
  }
  for await (const chunk of readChunks(source, select))
    for (const [index, builder] of builders.entries()) {
      const vector = chunk.getColumnVector(index)
      for (let row = 0, rows = chunk.rowCount; row < rows; row++) builder.append(vector.getItem(row))
    }
  const data = builders.map((builder) => builder.finish().toVector().data[0]!)
  // A list of fields: an object would put integer names first.
  const schema = new arrow.Schema(names.map((name, index) => new arrow.Field(name, data[index]!.type, true)))
  const struct = new arrow.Struct(schema.fields)
  const length = data[0]?.length ?? 0
  return new arrow.Table(
    schema,
    new arrow.RecordBatch(schema, arrow.makeData({ type: struct, length, children: data })),
  )
}

/** Converts a value for Arrow's builders: 64-bit integers to bigint, dates and timestamps to milliseconds. */
function arrowCell(column: Column): string {
  const name = identifier(column.name)
  if (/^(bool|string|int64|bigint)$/.test(column.type)) return name
  return column.type === 'date' ? `${cellNumber(column)} * 86400000` : cellNumber(column)
}
