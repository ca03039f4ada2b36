import { ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api'
import * as semconv from '@opentelemetry/semantic-conventions/incubating'
import { spanIdOf, traceIdOf } from './ids.ts'
import type { LineReport } from './report.ts'
import { logger } from './sdk.ts'

/** Emits a printed line as a log record. It has no severity, because printed lines have none. */
export function logLine({ run, name, task, attempt, stream, line, at }: LineReport): void {
  logger.emit({
    timestamp: at,
    body: line,
    attributes: {
      [semconv.ATTR_LOG_IOSTREAM]: stream,
      [semconv.ATTR_CICD_PIPELINE_RUN_ID]: name,
      [semconv.ATTR_CICD_PIPELINE_TASK_NAME]: task.split('/')[0],
      [semconv.ATTR_CICD_PIPELINE_TASK_RUN_ID]: `${name}/${task}`,
      ...(run && { [semconv.ATTR_CICD_PIPELINE_NAME]: run.pipeline, 'cairn.env': run.env }),
      'cairn.attempt': attempt,
    },
    context: run
      ? trace.setSpanContext(ROOT_CONTEXT, {
          traceId: traceIdOf(run),
          spanId: spanIdOf(run, task, attempt),
          traceFlags: TraceFlags.SAMPLED,
        })
      : ROOT_CONTEXT,
  })
}
