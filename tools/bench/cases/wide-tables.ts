import { join } from 'node:path'
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { sql, table } from '@cairn/kinds'
import { artifactFolder } from '@cairn/kinds/testing'
import { seconds, temporaryFolder, type Case } from '../lab.ts'

const COLUMNS = [1000, 2000, 4000]
const ROWS = 20

export const wideTables: Case = {
  title: `Tables of many columns, ${ROWS} rows`,
  async run({ repeat }) {
    const figures = []
    const folder = temporaryFolder()
    for (const count of COLUMNS) {
      const names = Array.from({ length: count }, (_, at) => `column${at}`)
      const cairn = await median(repeat, () => throughCairn(names))
      const floor = await median(repeat, () => throughDuckDB(names, folder))
      figures.push({
        what: `${count} columns: rows written, written again by a query, read; floor: the same statements of DuckDB`,
        cairn: seconds(cairn),
        floor: seconds(floor),
        ratio: cairn / floor,
        aim: '<= 6x',
        met: cairn / floor <= 6,
      })
    }
    return figures
  },
}

async function throughCairn(names: readonly string[]): Promise<void> {
  using folder = artifactFolder()
  const Wide = table(Object.fromEntries(names.map((name) => [name, 'float64'] as const)))
  const rows = Array.from({ length: ROWS }, (_, row) => Object.fromEntries(names.map((name, at) => [name, row + at])))
  const written = await Wide.decode(await folder.write(Wide, rows))
  const again = await Wide.decode(await folder.write(Wide, sql`select * from ${written}`))
  await again.toArray()
}

async function throughDuckDB(names: readonly string[], folder: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  const [first, second] = ['a', 'b'].map((name) => join(folder, `${name}.parquet`))
  const columns = names.map((name) => `"${name}"`).join(', ')
  const values = names.map((name, at) => `(range + ${at})::double as "${name}"`).join(', ')
  await run(connection, `create temp table staged as select ${values} from range(${ROWS})`)
  await run(connection, `copy (select ${columns} from staged) to '${first}' (format parquet, compression zstd)`)
  await run(connection, `create temp table again as select ${columns} from read_parquet('${first}')`)
  await run(connection, `copy (select ${columns} from again) to '${second}' (format parquet, compression zstd)`)
  await run(connection, `select ${columns} from read_parquet('${second}')`)
  connection.closeSync()
}

async function run(connection: DuckDBConnection, text: string): Promise<void> {
  await connection.runAndReadAll(text)
}

async function median(repeat: number, work: () => Promise<void>): Promise<number> {
  const times: number[] = []
  for (let time = 0; time <= repeat; time++) {
    const start = performance.now()
    await work()
    if (time > 0) times.push(performance.now() - start) // the first one loads DuckDB
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!
}
