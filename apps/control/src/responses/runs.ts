import { z } from 'zod'
import { PipelineName, RunName } from '../schemas.ts'
import { type Responses, Any, PIPELINE_PATH, json, Timestamp } from './response.ts'
import { RunEnd, Status, TaskEnd, Unfit } from './ends.ts'
import { PlanLine } from './plan-lines.ts'
import { Plan } from './plan.ts'

const Queue = z
  .strictObject({
    place: z.int().describe('1 for the run that is next'),
    waiting: z.int().describe('number of runs that wait for the same limit'),
    limit: z
      .strictObject({ of: z.enum(['pipeline', 'environment']), name: z.string(), runs: z.int() })
      .optional()
      .describe('the limit that is reached. Without one, the run is about to start, unless its pipeline was removed'),
    isRemoved: z
      .literal(true)
      .optional()
      .describe('the run waits because the project no longer has its pipeline: cancel it, or add the pipeline again'),
  })
  .describe('the place of a queued run')
const RunLine = z.strictObject({
  run: z.string(),
  createdAt: Timestamp.optional(),
  params: z.record(z.string(), Any).optional(),
  status: z.enum(['queued', 'running', 'refused', ...Status.options]),
  endedAt: Timestamp.optional(),
  queue: Queue.optional(),
  unfit: z.array(Unfit).optional().describe('tasks that no host could run so far'),
  fault: z.string().optional().describe('why a run was refused'),
})
const Started = z.strictObject({
  run: RunName,
  isNew: z.boolean().describe('false if an earlier request with the same Idempotency-Key started it'),
})

/** Responses about runs and plans. */
export const RUNS_RESPONSES: Responses = {
  [`post ${PIPELINE_PATH}/plan`]: json(
    200,
    'What a run would do, step by step.',
    z.strictObject({ pipeline: PipelineName, steps: z.array(PlanLine) }),
  ),
  [`post ${PIPELINE_PATH}/runs`]: json(202, 'The run was started or queued.', Started),
  [`get ${PIPELINE_PATH}/runs`]: json(
    200,
    'Runs, newest first.',
    z.strictObject({
      runs: z.array(RunLine),
      next: RunName.optional().describe('set if there may be older ones: send it as `before` to get them'),
    }),
  ),
  [`get ${PIPELINE_PATH}/runs/{run}`]: json(
    200,
    'The run, with the record of each task that has ended.',
    z.strictObject({
      plan: Plan,
      end: RunEnd.optional(),
      queue: Queue.optional(),
      unfit: z.array(Unfit),
      tasks: z.record(z.string(), TaskEnd),
    }),
  ),
  [`get ${PIPELINE_PATH}/runs/{run}/missing-stages`]: json(
    200,
    'The steps that the run waits for and that have no running stage.',
    z.strictObject({ steps: z.array(z.string()) }),
  ),
  [`get ${PIPELINE_PATH}/runs/{run}/events`]: {
    status: 200,
    what: 'Server-sent events: `event` is the type, `id` the id, `data` the CloudEvent.',
    type: 'text/event-stream',
    body: z
      .strictObject({
        event: z.string().describe('the type of the CloudEvent; `queued` while the run waits in the queue; `ping`'),
        id: z.string().optional().describe('to resume after this event, send it as Last-Event-ID'),
        data: z.string().describe('JSON: the CloudEvent; for `queued`, the place in the queue; for `ping`, `{}`'),
      })
      .describe('one event'),
  },
  [`post ${PIPELINE_PATH}/runs/{run}/cancel`]: json(200, 'How the run ended.', RunEnd),
  [`post ${PIPELINE_PATH}/runs/{run}/retry`]: json(202, 'The new run was started.', Started),
  [`post ${PIPELINE_PATH}/runs/{run}/rerun`]: json(202, 'The new run was started.', Started),
}
