import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Parser } from '@asyncapi/parser'
import { describe, expect, it } from 'vitest'
import { asyncApi, breaksIn, type EventsDocument } from '@cairn/consumer'
import { metrics, table } from '@cairn/kinds'
import { pipeline, step, type Kinds } from '@cairn/kernel'
import { evaluate } from '@cairn/pipelines/flight-delays/evaluate'
import { flightDelays } from '@cairn/pipelines/flight-delays/pipeline'

const CONTRACT = resolve(import.meta.dirname, '../../docs/consumers/flight-delays.asyncapi.json')
/** Set to write down what the definitions say now, unless it breaks those who read what they said before. */
const UPDATE = process.env['DOCS_UPDATE'] === '1'

const METRICS = evaluate.definition.outputs.metrics.schema as Readonly<Record<string, 'number'>>
const { auc: _, ...WITHOUT_AUC } = METRICS

function text(document: EventsDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

describe('the contract of flight-delays', () => {
  const current = JSON.parse(JSON.stringify(asyncApi(flightDelays))) as EventsDocument
  if (UPDATE && !existsSync(CONTRACT)) writeFileSync(CONTRACT, text(current))
  const committed = JSON.parse(readFileSync(CONTRACT, 'utf8')) as EventsDocument

  it('is kept by the definitions', () => {
    const how = `consumers rely on it (${CONTRACT}): add instead of changing, or tell them, remove the file and run DOCS_UPDATE=1`
    expect(breaksIn(committed, current), how).toEqual([])
  })

  it('is up to date', () => {
    if (UPDATE && breaksIn(committed, current).length === 0) writeFileSync(CONTRACT, text(current))
    else expect(committed, 'DOCS_UPDATE=1 npx vitest run tools/docs/consumers').toEqual(current)
  })

  it('is valid for the AsyncAPI parser', async () => {
    const { diagnostics } = await new Parser().parse(readFileSync(CONTRACT, 'utf8'))
    const isFault = ({ severity }: { severity: number }) => severity <= 1 // errors and warnings
    expect(diagnostics.filter(isFault)).toEqual([])
  })

  it.each<[string, Kinds, string[]]>([
    ['a metric is added', { metrics: metrics({ ...METRICS, brier: 'number' }) }, []],
    ['a metric is taken away', { metrics: metrics(WITHOUT_AUC) }, ['outputs.metrics.auc was removed']],
    [
      'a metric may be missing',
      { metrics: metrics({ ...METRICS, auc: 'number?' }) },
      ['outputs.metrics.auc changed from number to number?'],
    ],
    [
      'metrics become a table',
      { metrics: table({ auc: 'float64' }) },
      ['outputs.metrics changed from metrics to table'],
    ],
    [
      'a column is renamed',
      { roc: table({ fpr: 'float64', truePositives: 'float64' }) },
      ['outputs.roc.falsePositives was removed'],
    ],
  ])('reports what breaks when %s', (_, changed, breaks) => {
    const outputs = { ...evaluate.definition.outputs, ...changed }
    const other = step('evaluate', { outputs, run: () => ({}) as never })
    const found = breaksIn(committed, asyncApi(pipeline('flight-delays', () => other({}))))
    expect(found.filter((each) => each.startsWith('evaluate.'))).toEqual(
      breaks.map((each) => `evaluate.completed: ${each}`),
    )
  })
})
