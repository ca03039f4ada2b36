/**
 * The flight-delays pipeline as a plain script: the same library calls in one process, tables in memory, nothing kept
 * but what it is for. `flight-delays.ts <folder> [trees]` prints how long each part took, in milliseconds.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { fitTrees } from '@cairn/pipelines/flight-delays/boosted-trees'
import { calibrationChart, hoursChart, mapChart, rocChart } from '@cairn/pipelines/flight-delays/charts'
import { writeOnnx } from '@cairn/kinds/testing'
import { toOnnx } from '@cairn/pipelines/flight-delays/onnx'
import { calibrationError, calibrationOf, grouped, logLoss, ranked, rocOf } from '@cairn/pipelines/flight-delays/scores'
import { FEATURES } from '@cairn/pipelines/flight-delays/tables'

const [folder, trees = '100'] = process.argv.slice(2) as [string, string?]
const DATA = join(import.meta.dirname, '../../../node_modules/vega-datasets/data')
const SPLIT = `timestamp '2001-06-01'`
const parts: Record<string, number> = {}
let started = performance.now()
const lap = (part: string) => {
  parts[part] = Math.round(performance.now() - started)
  started = performance.now()
}

const db = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect()
const lateness = (place: string) => `(
  select ${place} as place, count(*) as flights,
    (sum(late::int) + 100 * (select avg(late::int) from past)) / (count(*) + 100) as share
  from past group by place)`

await db.run(`
  create table airports as select iata as code, name, latitude, longitude from read_csv('${DATA}/airports.csv');
  create table flights as
    select date as departure, origin, destination, distance::smallint as distance, delay::smallint as delay, delay > 15 as late
    from read_parquet('${DATA}/flights-3m.parquet')
    where delay between -120 and 1440 and date < timestamp '2001-07-01'
      and origin in (select code from airports) and destination in (select code from airports)`)
lap('clean')

await db.run(`
  create view past as select * from flights where departure < ${SPLIT};
  create table features as
    select f.departure, f.late, (hour(f.departure) * 60 + minute(f.departure))::smallint as "minuteOfDay",
      isodow(f.departure)::tinyint as weekday, f.distance,
      coalesce(o.share, 0.2)::float as "originLate", coalesce(d.share, 0.2)::float as "destinationLate",
      coalesce(r.share, o.share, d.share, 0.2)::float as "routeLate",
      coalesce(o.flights, 0)::int as "originFlights", coalesce(r.flights, 0)::int as "routeFlights"
    from flights f
    left join ${lateness('origin')} o on o.place = f.origin
    left join ${lateness('destination')} d on d.place = f.destination
    left join ${lateness(`origin || '-' || destination`)} r on r.place = f.origin || '-' || f.destination`)
const history = (
  await db.runAndReadAll(`
  select a.name, a.latitude, a.longitude, o.flights::int as flights, o.share as late
  from ${lateness('origin')} o join airports a on a.code = o.place order by a.code`)
).getRowObjectsJS() as unknown as Parameters<typeof mapChart>[0]
lap('features')

async function columns(where: string) {
  const names = ['late::int', ...FEATURES.map((name) => `"${name}"::float`)]
  const rows = Number((await db.runAndReadAll(`select count(*)::int from features where ${where}`)).getRows()[0]![0])
  const label = new Uint8Array(rows)
  const features = FEATURES.map(() => new Float32Array(rows))
  const result = await db.stream(`select ${names.join()} from features where ${where}`)
  let at = 0
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const [index, array] of [label, ...features].entries()) {
      const vector = chunk.getColumnVector(index)
      for (let row = 0; row < chunk.rowCount; row++) array[at + row] = vector.getItem(row) as number
    }
    at += chunk.rowCount
  }
  return { label, features }
}

const training = await columns(`departure < ${SPLIT}`)
const test = await columns(`departure >= ${SPLIT}`)
lap('split')

const fitted = fitTrees({ columns: training.features, labels: training.label }, { trees: Number(trees) })
const model = writeOnnx(toOnnx(fitted, FEATURES))
lap('train')

const session = await InferenceSession.create(model)
const rows = test.label.length
const matrix = new Float32Array(rows * FEATURES.length)
for (const [column, values] of test.features.entries())
  for (let row = 0; row < rows; row++) matrix[row * FEATURES.length + column] = values[row]!
const predicted = await session.run({ features: new Tensor('float32', matrix, [rows, FEATURES.length]) })
const scored = { probability: predicted['probability']!.data as Float32Array, label: test.label }
const order = ranked(scored)
const { auc, curve } = rocOf(scored, order)
const calibration = calibrationOf(scored, order, 20)
const hours = grouped(scored, (row) => Math.floor(test.features[0]![row]! / 60))
const metrics = { auc, logLoss: logLoss(scored), calibrationError: calibrationError(calibration) }
lap('evaluate')

const charts = [
  await rocChart(curve, auc),
  await calibrationChart(calibration),
  await hoursChart(hours),
  await mapChart(history),
]
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'metrics.json'), JSON.stringify(metrics))
writeFileSync(join(folder, 'model.onnx'), model)
writeFileSync(join(folder, 'report.html'), charts.join('\n'))
lap('report')
console.log(JSON.stringify({ parts, metrics }))
