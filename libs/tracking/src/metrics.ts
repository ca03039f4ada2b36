import * as semconv from '@opentelemetry/semantic-conventions/incubating'
import { resultOf, RESULTS } from './attributes.ts'
import type { Report, RunReport, SendReport, TaskReport } from './report.ts'
import { meter } from './sdk.ts'

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600]
const duration = (name: string, description: string) =>
  meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries: SECONDS } })

const runs = duration(semconv.METRIC_CICD_PIPELINE_RUN_DURATION, 'Duration of runs')
const runErrors = meter.createCounter(semconv.METRIC_CICD_PIPELINE_RUN_ERRORS, { description: 'Errors of tasks' })
const tasks = duration('cairn.task.duration', 'Time from when a task was ready until its end was published')
const queued = duration('cairn.queue.age', 'Age of the event that made a task ready when work on the task started')
const bodies = duration('cairn.compute.duration', 'Duration of step functions, one value for each computed item')
const sends = duration(semconv.METRIC_MESSAGING_CLIENT_OPERATION_DURATION, 'Duration of sending events')
const items = meter.createCounter('cairn.items', { description: 'Items of tasks by result' })
const bytes = meter.createCounter('cairn.artifact.io', { description: 'Bytes of inputs and outputs', unit: 'By' })
const retries = meter.createCounter('cairn.retries', { description: 'Attempts that were retried' })
const deadLetters = meter.createCounter('cairn.dead_letters', { description: 'Messages that became dead letters' })
const standstills = meter.createUpDownCounter('cairn.standstills', {
  description: 'Partitions that wait until the store or the bus works again',
})
const promotions = meter.createCounter('cairn.promotions', { description: 'Promotions and rollbacks' })
const collections = meter.createCounter('cairn.gc.collections', { description: 'Collections of stores' })
const collectedRuns = meter.createCounter('cairn.gc.runs', { description: 'Runs removed by collections' })
const collectedBytes = meter.createCounter('cairn.gc.freed', { description: 'Size of deleted objects', unit: 'By' })
const running = meter.createGauge('cairn.runs.running', { description: 'Running runs, if concurrency limits are set' })
const waiting = meter.createGauge('cairn.runs.waiting', { description: 'Runs that wait for a free slot' })
const dropped = meter.createCounter('cairn.tracking.dropped', { description: 'Reports dropped before the SDK' })

/** Records the metrics of a report. */
export function measure(report: Report): void {
  if (report.about === 'run') measureRun(report)
  else if (report.about === 'task') measureTask(report)
  else if (report.about === 'send') measureSend(report)
  else if (report.about === 'promotion') promotions.add(1, { [semconv.ATTR_CICD_PIPELINE_NAME]: report.pipeline })
  else if (report.about === 'collection') {
    const of = { [semconv.ATTR_CICD_PIPELINE_NAME]: report.pipeline }
    collections.add(1, of)
    collectedRuns.add(report.runs, of)
    collectedBytes.add(report.freed, of)
  } else if (report.about === 'queue') {
    const of = { [semconv.ATTR_CICD_PIPELINE_NAME]: report.pipeline }
    running.record(report.running, of)
    waiting.record(report.waiting, of)
  } else if (report.about === 'dropped') dropped.add(report.count)
  else if (report.about === 'standstill')
    standstills.add(report.isOver ? -1 : 1, {
      [semconv.ATTR_MESSAGING_DESTINATION_NAME]: report.topic,
      [semconv.ATTR_MESSAGING_CONSUMER_GROUP_NAME]: report.group,
      [semconv.ATTR_MESSAGING_DESTINATION_PARTITION_ID]: String(report.partition),
    })
  else if (report.about === 'dead-letter') {
    const { topic, group, error } = report
    deadLetters.add(1, {
      [semconv.ATTR_MESSAGING_DESTINATION_NAME]: topic,
      [semconv.ATTR_MESSAGING_CONSUMER_GROUP_NAME]: group,
      [semconv.ATTR_ERROR_TYPE]: error.code,
    })
  }
}

function measureRun({ run, startedAt, endedAt, status }: RunReport): void {
  if (endedAt < startedAt) return // a clock was set back, so the duration is unknown
  runs.record((endedAt - startedAt) / 1000, {
    [semconv.ATTR_CICD_PIPELINE_NAME]: run.pipeline,
    [semconv.ATTR_CICD_PIPELINE_RUN_STATE]: semconv.CICD_PIPELINE_RUN_STATE_VALUE_EXECUTING,
    [semconv.ATTR_CICD_PIPELINE_RESULT]: RESULTS[status] ?? status,
  })
}

function measureTask(report: TaskReport): void {
  const { run, node, step, cause, startedAt, endedAt, attempts, ending, error, host } = report
  report.sends.forEach(measureSend)
  if (!ending?.stands) return
  const of = { [semconv.ATTR_CICD_PIPELINE_NAME]: run.pipeline, [semconv.ATTR_CICD_PIPELINE_TASK_NAME]: node }
  const readyAt = Math.min(cause.at, startedAt)
  const result = { ...of, [semconv.ATTR_CICD_PIPELINE_TASK_RUN_RESULT]: resultOf(ending) }
  if (endedAt >= readyAt) tasks.record((endedAt - readyAt) / 1000, result)
  queued.record((startedAt - readyAt) / 1000, of)
  if (error) runErrors.add(1, { ...of, [semconv.ATTR_ERROR_TYPE]: error.code })
  if (step === undefined) return
  for (const ms of ending.ms) bodies.record(ms / 1000, of)
  for (const [how, count] of Object.entries(ending.items)) items.add(count, { ...of, 'cairn.how': how })
  const read = attempts.reduce((sum, { fetch }) => sum + fetch.bytes, 0)
  if (read > 0) bytes.add(read, { ...of, 'cairn.io.direction': 'read' })
  if (ending.written > 0) bytes.add(ending.written, { ...of, 'cairn.io.direction': 'write' })
  const lost = attempts.filter((attempt) => attempt.host !== host).map(({ result }) => result)
  for (const code of [...lost, ...ending.retried]) retries.add(1, { ...of, [semconv.ATTR_ERROR_TYPE]: code })
}

function measureSend({ system, topic, startedAt, endedAt, error }: SendReport): void {
  sends.record((endedAt - startedAt) / 1000, {
    [semconv.ATTR_MESSAGING_SYSTEM]: system,
    [semconv.ATTR_MESSAGING_OPERATION_NAME]: 'send',
    [semconv.ATTR_MESSAGING_OPERATION_TYPE]: semconv.MESSAGING_OPERATION_TYPE_VALUE_SEND,
    [semconv.ATTR_MESSAGING_DESTINATION_NAME]: topic,
    ...(error && { [semconv.ATTR_ERROR_TYPE]: error.code }),
  })
}
