import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace as api,
  TraceFlags,
  type Attributes,
  type HrTime,
  type Link,
  type SpanContext,
} from '@opentelemetry/api'
import * as semconv from '@opentelemetry/semantic-conventions/incubating'
import { newSpanId, parseTraceparent, spanIdOf, traceIdOf, type RunName } from './ids.ts'
import { aboutTask, resultOf, RESULTS } from './attributes.ts'
import type { AttemptReport, OperationTotals, Fault, Report, RunReport, SendReport, TaskReport } from './report.ts'
import { ids, tracer } from './sdk.ts'

/** Creates the spans of a report, parents first, so that a lost batch leaves no orphans. */
export function trace(report: Report): void {
  if (report.about === 'run') traceRun(report)
  else if (report.about === 'task') traceTask(report)
  else if (report.about === 'send') traceSend(report, spanIdOf(report.run))
}

interface NewSpan {
  readonly run: RunName
  readonly name: string
  readonly id?: string
  /** Id of the parent, a span of the same run; none for the root. */
  readonly parent?: string
  readonly kind?: SpanKind
  readonly startedAt: number
  readonly endedAt: number
  readonly attributes?: Attributes
  readonly links?: Link[]
  readonly error?: Fault | undefined
}

function traceRun({ run, parent, startedAt, endedAt, status }: RunReport): void {
  const result = RESULTS[status] ?? status
  add({
    run,
    name: `RUN ${run.pipeline}`,
    id: spanIdOf(run),
    kind: SpanKind.SERVER,
    startedAt,
    endedAt,
    attributes: {
      [semconv.ATTR_CICD_PIPELINE_NAME]: run.pipeline,
      [semconv.ATTR_CICD_PIPELINE_RUN_ID]: run.run,
      [semconv.ATTR_CICD_PIPELINE_ACTION_NAME]: 'RUN',
      [semconv.ATTR_CICD_PIPELINE_RESULT]: result,
      'cairn.env': run.env,
    },
    links: parent === undefined ? [] : [linkTo({ ...run, run: parent }, 'parent')],
    error: status === 'failed' ? { code: semconv.CICD_PIPELINE_RESULT_VALUE_FAILURE, message: '' } : undefined,
  })
}

function traceTask(report: TaskReport): void {
  const { run, task, node, cause, ending, startedAt, endedAt, error } = report
  const stands = ending?.stands ?? false
  const readyAt = Math.min(cause.at, startedAt)
  const id = add({
    run,
    name: node,
    id: stands ? spanIdOf(run, task) : newSpanId(),
    parent: spanIdOf(run),
    startedAt: Math.min(readyAt, ...report.attempts.map((attempt) => attempt.startedAt)),
    endedAt,
    attributes: { ...aboutTask(report), ...(!stands && { 'cairn.discarded': true }) },
    links: report.needs.map((need) => linkTo({ ...run, run: need.run }, 'need', need.task)),
    error: ending && resultOf(ending) !== 'failure' && resultOf(ending) !== 'timeout' ? undefined : error,
  })
  add({ run, name: 'queue', parent: id, startedAt: readyAt, endedAt: startedAt })
  const process = traceProcess(report, id)
  if (!ending) return // the host that continues the task reports its attempts
  for (const attempt of report.attempts)
    traceAttempt(report, attempt, attempt.host === report.host ? process : id, stands)
  traceEffort(run, 'commit', report.commit, process)
  for (const send of report.sends) traceSend(send, process)
}

/** Creates the span of the event that made the task ready. */
function traceProcess({ run, cause, sends, startedAt, endedAt }: TaskReport, parent: string): string {
  const from = parseTraceparent(cause.traceparent)
  return add({
    run,
    name: `process ${cause.topic}`,
    parent,
    kind: SpanKind.CONSUMER,
    startedAt,
    endedAt,
    attributes: {
      [semconv.ATTR_MESSAGING_SYSTEM]: sends[0]?.system,
      [semconv.ATTR_MESSAGING_OPERATION_NAME]: 'process',
      [semconv.ATTR_MESSAGING_OPERATION_TYPE]: 'process',
      [semconv.ATTR_MESSAGING_DESTINATION_NAME]: cause.topic,
      [semconv.ATTR_MESSAGING_MESSAGE_ID]: cause.id,
      'cairn.event.type': cause.type,
    },
    links: from ? [{ context: contextOf(from.traceId, from.spanId) }] : [],
  })
}

function traceAttempt(
  { run, task, endedAt }: TaskReport,
  attempt: AttemptReport,
  parent: string,
  stands: boolean,
): void {
  const { result, fetch, commit } = attempt
  const lost = {
    code: 'lost',
    message: `${attempt.host} recorded no result; it had stopped when the next attempt started`,
  }
  const id = add({
    run,
    name: 'compute',
    id: stands ? spanIdOf(run, task, attempt.attempt) : newSpanId(),
    parent,
    startedAt: attempt.startedAt,
    endedAt: attempt.endedAt ?? endedAt,
    attributes: {
      'cairn.attempt': attempt.attempt,
      'cairn.attempt.result': result,
      [semconv.ATTR_CICD_WORKER_ID]: attempt.host,
    },
    error: result === 'lost' ? lost : result === 'failed' ? (attempt.error ?? FAILED) : undefined,
  })
  traceEffort(run, 'fetch', fetch, id)
  traceEffort(run, 'commit', commit, id)
}

function traceEffort(
  run: RunName,
  name: string,
  { count, bytes, ms, startedAt, endedAt }: OperationTotals,
  parent: string,
): void {
  if (count === 0) return
  const attributes = { 'cairn.count': count, 'cairn.busy_ms': ms, ...(bytes > 0 && { 'cairn.bytes': bytes }) }
  add({ run, name, parent, startedAt, endedAt, attributes })
}

function traceSend(
  { run, spanId, topic, system, types, ids, startedAt, endedAt, error }: SendReport,
  parent: string,
): void {
  add({
    run,
    name: `send ${topic}`,
    id: spanId,
    parent,
    kind: SpanKind.PRODUCER,
    startedAt,
    endedAt,
    attributes: {
      [semconv.ATTR_MESSAGING_SYSTEM]: system,
      [semconv.ATTR_MESSAGING_OPERATION_NAME]: 'send',
      [semconv.ATTR_MESSAGING_OPERATION_TYPE]: semconv.MESSAGING_OPERATION_TYPE_VALUE_SEND,
      [semconv.ATTR_MESSAGING_DESTINATION_NAME]: topic,
      ...(ids.length === 1
        ? { [semconv.ATTR_MESSAGING_MESSAGE_ID]: ids[0] }
        : { [semconv.ATTR_MESSAGING_BATCH_MESSAGE_COUNT]: ids.length }),
      'cairn.event.type': [...new Set(types)],
    },
    error,
  })
}

function add({ run, name, id = newSpanId(), parent, startedAt, endedAt, error, ...options }: NewSpan): string {
  const traceId = traceIdOf(run)
  const context = parent === undefined ? ROOT_CONTEXT : api.setSpanContext(ROOT_CONTEXT, contextOf(traceId, parent))
  ids.choose(traceId, id)
  const span = tracer.startSpan(name, { ...options, startTime: hrTime(startedAt) }, context)
  if (error) {
    span.setAttribute(semconv.ATTR_ERROR_TYPE, error.code)
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message })
  }
  span.end(hrTime(Math.max(startedAt, endedAt)))
  return id
}

const FAILED: Fault = { code: semconv.ERROR_TYPE_VALUE_OTHER, message: 'its host started another attempt' }

function linkTo(run: RunName, relation: string, task?: string): Link {
  const context = contextOf(traceIdOf(run), spanIdOf(run, task))
  return { context, attributes: { 'cairn.link': relation, ...(task !== undefined && { 'cairn.task': task }) } }
}

function contextOf(traceId: string, spanId: string): SpanContext {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true }
}

/** Returns an OpenTelemetry time. The SDK would read small numbers as milliseconds since the start of the process. */
function hrTime(ms: number): HrTime {
  const whole = Math.floor(ms)
  return [Math.floor(whole / 1000), (whole % 1000) * 1e6 + Math.round((ms - whole) * 1e6)]
}
