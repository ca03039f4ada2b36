// Checked by the compiler alone: what the kinds infer, and what does not compile.
import { each, list, pipeline, source, step, type Read, type Write } from '@cairn/kernel'
import { fromPackage } from '@cairn/connectors'
import { z } from 'zod'
import {
  bytes,
  csv,
  file,
  json,
  metrics,
  model,
  parquet,
  partitions,
  sql,
  table,
  type Model,
  type StoredFile,
  type Table,
} from './index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function expectType<_ extends true>(): void {}

const Flights = table({ origin: 'string', delay: 'float64?', day: 'date', at: 'timestamp', id: 'bigint', late: 'bool' })
type FlightRow = {
  origin: string
  delay: number | null
  day: string
  at: Date
  id: bigint
  late: boolean
}

// A row is inferred from the declaration.
declare const flights: Read<typeof Flights>
const rows = await flights.toArray()
expectType<Equal<typeof rows, FlightRow[]>>()
for await (const row of flights.rows()) expectType<Equal<typeof row, FlightRow>>()

// So is what `columnsOf` gives.
const columns = await flights.columnsOf(['delay', 'at', 'late', 'origin', 'id', 'day'])
expectType<
  Equal<
    typeof columns,
    Pick<
      {
        origin: string[]
        delay: Float64Array
        day: Int32Array
        at: Float64Array
        id: BigInt64Array
        late: Uint8Array
      },
      'delay' | 'at' | 'late' | 'origin' | 'id' | 'day'
    >
  >
>()
// @ts-expect-error no such column
await flights.columnsOf(['delays'])

// @ts-expect-error no such type
table({ delay: 'float46' })

// What a step may return for a table.
const Delays = table({ origin: 'string', delay: 'float64?' })
export const delays = (returned: Write<typeof Delays>) => returned
delays([{ origin: 'ATL', delay: 1 }])
delays([{ origin: 'ATL', delay: null }])
delays(new Set([{ origin: 'ATL', delay: 1 }]))
delays({ origin: ['ATL'], delay: new Float64Array([1]) })
delays(sql`select origin, delay from ${flights}`)
delays(flights)
delays(flights.rows())
// @ts-expect-error a column of another type
delays([{ origin: 'ATL', delay: 'late' }])
// @ts-expect-error a column is missing
delays([{ origin: 'ATL' }])
// @ts-expect-error a column too many
delays([{ origin: 'ATL', delay: 1, speed: 2 }])
// @ts-expect-error null where none may be
delays([{ origin: null, delay: 1 }])
// @ts-expect-error a column of another type
delays({ origin: ['ATL'], delay: ['late'] })

const loadFlights = source('load-flights', {
  reads: { file: fromPackage('vega-datasets', 'data/flights-3m.parquet') },
  outputs: { flights: Flights, raw: file('parquet') },
  run: ({ file }) => ({ flights: sql`select * from ${parquet(file)}`, raw: file }),
})
step('wrong-rows', {
  outputs: { delays: Delays },
  // @ts-expect-error a column of another type
  run: () => ({ delays: [{ origin: 'ATL', delay: 'late' }] }),
})

// A table with more columns is taken where fewer are wanted; with fewer or other ones it is not.
const useDelays = step('use-delays', {
  inputs: { delays: Delays },
  outputs: { mean: json<number>() },
  run: async ({ delays }) => ({ mean: (await delays.columnsOf(['delay'])).delay[0]! }),
})
const useSpeeds = step('use-speeds', {
  inputs: { flights: table({ speed: 'float64' }) },
  outputs: { n: json<number>() },
  run: () => ({ n: 1 }),
})
const useFilled = step('use-filled', {
  inputs: { flights: table({ delay: 'float64' }) },
  outputs: { n: json<number>() },
  run: () => ({ n: 1 }),
})
pipeline('wiring', () => {
  const { flights } = loadFlights({})
  useDelays({ delays: flights })
  // @ts-expect-error there is no column speed
  useSpeeds({ flights })
  // @ts-expect-error delay may be null
  return useFilled({ flights })
})

// Partitions are a list of tables.
const split = step('split', {
  inputs: { flights: Flights },
  outputs: { byOrigin: partitions(Flights, 'origin') },
  run: ({ flights }) => ({ byOrigin: flights }),
})
const gather = step('gather', {
  inputs: { tables: list(Delays) },
  outputs: { n: json<number>() },
  run: ({ tables }) => ({ n: tables.length }),
})
pipeline('split-wiring', () => {
  const { byOrigin } = split(loadFlights({}))
  each(byOrigin, (delays) => useDelays({ delays }))
  return gather({ tables: byOrigin })
})
// @ts-expect-error floats are no keys
partitions(Flights, 'delay')

// A schema gives both types: what is returned and what is received.
const Limits = json(z.object({ late: z.number().default(15) }))
expectType<Equal<Read<typeof Limits>, { late: number }>>()
expectType<Equal<Write<typeof Limits>, { late?: number | undefined }>>()

const Evaluation = metrics({ auc: 'number', rows: 'integer', brier: 'number?' })
declare const evaluation: Read<typeof Evaluation>
expectType<Equal<typeof evaluation.auc, number>>()
expectType<Equal<typeof evaluation.brier, number | undefined>>()

expectType<Equal<Read<ReturnType<typeof bytes>>, Uint8Array>>()
expectType<Equal<Read<ReturnType<typeof file>>, StoredFile>>()

// A model is fed by name and answers by name.
const DelayModel = model({ inputs: { features: 'float32[*,8]' }, outputs: { late: 'float32', label: 'int64' } })
declare const delayModel: Read<typeof DelayModel>
const answer = await delayModel.predict({ features: [new Float64Array(1)] })
expectType<Equal<typeof answer, { late: Float32Array; label: BigInt64Array }>>()
// @ts-expect-error no such input
await delayModel.predict({ feature: new Float32Array(8) })

// Tables and models of any declaration can be spoken of.
export const anyTable: Table = flights
export const anyModel: Model = delayModel

// A query's rows are what its author says.
const [found] = await sql<{ origin: string; mean: number | null }>`select 1`.toArray()
expectType<Equal<typeof found, { origin: string; mean: number | null } | undefined>>()
const { mean } = await sql<{ mean: number }>`select 1`.columnsOf(['mean'])
expectType<Equal<typeof mean, Float64Array>>()
// @ts-expect-error neither a table nor a value
sql`select ${{ a: 1 }}`

// Options that there are not.
// @ts-expect-error no such option of csv
csv('a.csv', { seperator: ';' })
// @ts-expect-error no such option of json
json(z.object({}), { description: 'x' })
// @ts-expect-error json takes a schema
json({ description: 'x' })
// @ts-expect-error no such type of a metric
metrics({ auc: 'float' })
// @ts-expect-error file takes an extension
file({ extension: 'csv' })
// @ts-expect-error table takes columns alone
table({ delay: 'int32' }, { sorted: true })
