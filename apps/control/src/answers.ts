import { z } from 'zod'
import { CheckupPlace, PipelineName, RunName } from './schemas.ts'

/** What control answers, by address: its OpenAPI document says it, and clients are made from that. */

const Moment = z.number().describe('milliseconds since 1970')
const ErrorSaid = z.looseObject({ code: z.string(), message: z.string(), next: z.string().optional() })
const Status = z.enum(['completed', 'failed', 'cancelled'])

const Champion = z.looseObject({
  run: RunName,
  since: Moment,
  by: z.string().describe('the name of the token that made it so'),
  from: z.string().optional(),
})
const Unfit = z.looseObject({ task: z.string(), at: Moment, host: z.string(), error: ErrorSaid })
const Plan = z.looseObject({
  v: z.int(),
  run: z.string(),
  env: z.string(),
  pipeline: z.string(),
  createdAt: Moment,
  parent: z.string().optional(),
  params: z.record(z.string(), z.unknown()),
  settings: z.record(z.string(), z.unknown()).optional(),
  steps: z.record(z.string(), z.looseObject({})),
  nodes: z.record(z.string(), z.looseObject({ type: z.string() })),
  outputs: z.record(z.string(), z.looseObject({})),
})
const RunEnd = z.looseObject({ v: z.int(), status: Status, endedAt: Moment, host: z.string() })
const TaskEnd = z.looseObject({
  v: z.int(),
  status: z.string(),
  lanes: z.array(z.looseObject({ status: z.string() })).describe('one for a plain task, one an item for a batch'),
  attempts: z.int(),
  startedAt: Moment,
  endedAt: Moment,
})
const Queue = z
  .strictObject({
    place: z.int().describe('1 for the run that is next'),
    waiting: z.int().describe('how many runs wait for the same limit'),
    limit: z
      .strictObject({ of: z.enum(['pipeline', 'environment']), name: z.string(), runs: z.int() })
      .optional()
      .describe('what leaves no room: missing where the run is about to start'),
  })
  .describe('of a run that waits for its turn')
const RunLine = z.strictObject({
  run: z.string(),
  createdAt: Moment.optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  status: z.enum(['queued', 'running', 'refused', ...Status.options]),
  endedAt: Moment.optional(),
  queue: Queue.optional(),
  unfit: z.array(Unfit).optional().describe('tasks that no host could run so far'),
  fault: z.string().optional().describe('what is wrong with a run that is refused'),
})
const PlanLine = z.looseObject({
  node: z.string(),
  decision: z.enum(['reuse', 'run', 'may run', 'skip', 'given', 'fails']),
  reasons: z.array(z.string()),
  expected: z
    .strictObject({ ms: z.number(), runs: z.number() })
    .optional()
    .describe('what a median of earlier runs says'),
  items: z.strictObject({ reuse: z.number(), run: z.number() }).optional(),
  item: z
    .strictObject({
      item: z.string(),
      indices: z.array(z.number()),
      labels: z.array(z.string().nullable()),
    })
    .optional(),
})
const Checked = z.strictObject({ what: z.string(), ok: z.boolean(), found: z.string(), next: z.string().optional() })
const Started = z.strictObject({
  run: RunName,
  isNew: z.boolean().describe('false where the same Idempotency-Key had started it before'),
})
const Letter = z.looseObject({
  id: z.string(),
  at: Moment,
  topic: z.string(),
  groups: z
    .array(z.looseObject({ group: z.string(), state: z.string(), at: Moment, error: ErrorSaid }))
    .describe('who gave it up'),
})
const Decided = z.strictObject({ id: z.string(), groups: z.array(z.string()) })
const Findings = z.record(z.string(), z.string())

interface Answer {
  readonly status: number
  readonly what: string
  readonly type?: string
  readonly body: z.ZodType
}

const Collected = z.strictObject({
  pipeline: PipelineName,
  dryRun: z.boolean(),
  retention: z.strictObject({
    keepRuns: z.int(),
    keepMs: z.number(),
    graceMs: z.number(),
    everyMs: z.number().optional().describe('missing: only when it is asked for'),
  }),
  report: z.strictObject({
    runs: z.array(z.string()).describe('that are removed'),
    checkpoints: z.int(),
    code: z.int(),
    stale: z.int().describe('leases that ran out, and old idempotency keys'),
    condemned: z.int().describe('objects that are set aside'),
    deleted: z.int(),
    restored: z.int(),
    freed: z.number().describe('bytes'),
    damaged: z.array(z.string()).describe('records that cannot be read: what they may refer to stays'),
  }),
})

const Examined = z.strictObject({
  findings: z.array(
    z.strictObject({ path: z.string(), what: z.string(), repair: z.string().describe('what repair does about it') }),
  ),
  checked: z
    .strictObject({ runs: z.int(), checkpoints: z.int(), objects: z.int(), bytes: z.number(), read: z.number() })
    .describe('`read` of the `bytes` of objects were read'),
  next: CheckupPlace.optional().describe('this was a part: repeat the request with this as `after`'),
})

const json = (status: number, what: string, body: z.ZodType): Answer => ({ status, what, body })
const bytes = (what: string): Answer => ({
  status: 200,
  what,
  type: 'application/octet-stream',
  body: z.string().meta({ format: 'binary' }),
})
const AT = '/v1/pipelines/{pipeline}'

export const ANSWERS: Readonly<Record<string, Answer>> = {
  'get /health/live': json(200, 'This process is well.', Findings),
  'get /health/ready': json(200, 'What it depends on is well.', Findings),
  'get /v1/openapi.json': json(200, 'This document.', z.looseObject({ openapi: z.string() })),
  'get /v1/checkup': json(
    200,
    'What was looked at, and how it is.',
    z.strictObject({ env: z.string(), now: Moment, checks: z.array(Checked) }),
  ),
  'get /v1/pipelines': json(
    200,
    'The environment, and its pipelines.',
    z.strictObject({ env: z.string(), pipelines: z.array(z.string()) }),
  ),
  [`post ${AT}/plan`]: json(
    200,
    'What a run would do, step by step.',
    z.strictObject({ pipeline: PipelineName, steps: z.array(PlanLine) }),
  ),
  [`post ${AT}/runs`]: json(202, 'The run is started, or waits for its turn.', Started),
  [`get ${AT}/runs`]: json(
    200,
    'Runs, the newest first.',
    z.strictObject({
      runs: z.array(RunLine),
      next: RunName.optional().describe('there may be older ones: ask again with this as `before`'),
    }),
  ),
  [`get ${AT}/runs/{run}`]: json(
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
  [`get ${AT}/runs/{run}/events`]: {
    status: 200,
    what: 'Server-sent events: `event` is the type, `id` the id, `data` the CloudEvent.',
    type: 'text/event-stream',
    body: z.string(),
  },
  [`post ${AT}/runs/{run}/cancel`]: json(200, 'How the run has ended.', RunEnd),
  [`post ${AT}/runs/{run}/retry`]: json(202, 'The new run is started.', Started),
  [`post ${AT}/runs/{run}/again`]: json(202, 'The new run is started.', Started),
  [`get ${AT}/production`]: json(
    200,
    'The run in production, and how others become it.',
    z.strictObject({
      champion: Champion.nullable(),
      policy: z.enum(['adopt', 'verify', 'recompute']),
      trusted: z.record(z.string(), z.string()).describe('public keys by the names of services'),
      mayPromote: z.boolean(),
      you: z.string(),
    }),
  ),
  [`post ${AT}/production`]: json(200, 'What is in production now.', Champion),
  [`post ${AT}/production/rollback`]: json(200, 'What is in production now.', Champion),
  'get /v1/dead-letters': json(
    200,
    'How many wait, by pipeline.',
    z.strictObject({ waiting: z.record(z.string(), z.int()) }),
  ),
  [`get ${AT}/dead-letters`]: json(
    200,
    'Messages that were given up, the newest first.',
    z.strictObject({
      letters: z.array(Letter),
      next: z.string().optional().describe('there are older ones: repeat the request with this as `after`'),
      waiting: z.int(),
    }),
  ),
  [`get ${AT}/dead-letters/{id}`]: json(
    200,
    'The message, its bytes as base64.',
    Letter.extend({ headers: z.record(z.string(), z.array(z.string())), value: z.string().nullable() }),
  ),
  [`post ${AT}/dead-letters/{id}/replay`]: json(202, 'These groups get it once more.', Decided),
  [`post ${AT}/dead-letters/{id}/drop`]: json(200, 'These groups are done with it.', Decided),
  [`post ${AT}/collections`]: json(200, 'What went, or would go.', Collected),
  [`post ${AT}/examinations`]: json(200, 'What is wrong in the part that was looked at.', Examined),
  [`get ${AT}/store/record`]: bytes("The record's bytes."),
  [`get ${AT}/store/object`]: bytes("The object's bytes."),
  [`get ${AT}/store/children`]: json(200, 'Names.', z.strictObject({ names: z.array(z.string()) })),
  [`get ${AT}/store/stat`]: json(
    200,
    'Its size, and when it was written.',
    z.strictObject({ size: z.number(), modified: Moment }),
  ),
  [`put ${AT}/store/record`]: json(
    200,
    'It stands there.',
    z.strictObject({ created: z.boolean().describe('false where there was such a record already') }),
  ),
  [`put ${AT}/store/object`]: json(200, 'It is stored.', z.strictObject({})),
}
