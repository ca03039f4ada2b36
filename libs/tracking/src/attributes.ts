import type { Attributes } from '@opentelemetry/api'
import * as semconv from '@opentelemetry/semantic-conventions/incubating'
import type { Ending, TaskReport } from './report.ts'

/** The results of runs and tasks in the OpenTelemetry conventions for pipelines, by status. */
export const RESULTS: Readonly<Record<string, string>> = {
  completed: semconv.CICD_PIPELINE_RESULT_VALUE_SUCCESS,
  failed: semconv.CICD_PIPELINE_RESULT_VALUE_FAILURE,
  'timed-out': semconv.CICD_PIPELINE_RESULT_VALUE_TIMEOUT,
  cancelled: semconv.CICD_PIPELINE_RESULT_VALUE_CANCELLATION,
  skipped: semconv.CICD_PIPELINE_RESULT_VALUE_SKIP,
  blocked: semconv.CICD_PIPELINE_RESULT_VALUE_SKIP,
}

/** The result value of an ending; without one, that of an error. */
export function resultOf(ending: Ending | undefined): string {
  return ending ? (RESULTS[ending.status] ?? ending.status) : semconv.CICD_PIPELINE_RESULT_VALUE_ERROR
}

export function aboutTask({ run, task, node, batch, type, step, host, ending }: TaskReport): Attributes {
  return {
    [semconv.ATTR_CICD_PIPELINE_NAME]: run.pipeline,
    [semconv.ATTR_CICD_PIPELINE_RUN_ID]: run.run,
    [semconv.ATTR_CICD_PIPELINE_TASK_NAME]: node,
    [semconv.ATTR_CICD_PIPELINE_TASK_RUN_ID]: `${run.run}/${task}`,
    [semconv.ATTR_CICD_PIPELINE_TASK_RUN_RESULT]: resultOf(ending),
    [semconv.ATTR_CICD_WORKER_ID]: host,
    'cairn.env': run.env,
    'cairn.node.type': type,
    'cairn.step': step,
    'cairn.batch': batch === '' ? undefined : batch,
    'cairn.status': ending?.status,
    ...Object.fromEntries(Object.entries(ending?.items ?? {}).map(([how, count]) => [`cairn.items.${how}`, count])),
  }
}
