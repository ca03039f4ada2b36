import { z } from 'zod'
import { CheckupPlace, PipelineName, RunName } from './schemas.ts'

/** What control answers, by address: its OpenAPI document says it, and clients are made from that. */

const Moment = z.number().describe('milliseconds since 1970')
const ErrorSaid = z.looseObject({ code: z.string(), message: z.string(), next: z.string().optional() })
const Status = z.enum(['completed', 'failed', 'cancelled'])
const Ended = z.enum([...Status.options, 'timed-out', 'skipped', 'blocked'])
const Any = z.unknown().describe('any JSON')

const Promoted = z.looseObject({
  run: RunName,
  since: Moment,
  by: z.string().describe('the name of the token that made it so'),
  from: z.string().optional().describe('the run of a playground that was promoted'),
  told: z.literal(true).optional().describe('consumers have been told of it'),
})
const Champion = Promoted.extend({
  v: z.int(),
  previous: Promoted.optional().describe('what was in production before, to roll back to'),
})
const Unfit = z.looseObject({ task: z.string(), at: Moment, host: z.string(), error: ErrorSaid })
const Artifact = z.looseObject({
  digest: z.string().describe('SHA-256 of the bytes, in hex'),
  size: z.int().describe('bytes'),
  text: z.string().optional().describe('the bytes, where they are few and UTF-8'),
  base64: z.string().optional().describe('the bytes, where they are few and not UTF-8'),
  contentDigest: z.string().optional(),
  items: z.int().optional().describe('of a list: how many'),
  summary: z.record(z.string(), Any).optional(),
  label: z.string().optional(),
})
const Ref = z
  .looseObject({ node: z.string().optional(), output: z.string().optional(), item: z.string().optional() })
  .describe('the output of a node, or the item of an `each`')
const Refs = z.record(z.string(), Ref)
const Condition = Ref.extend({ value: z.boolean().optional().describe('known when the run was planned') })
const Code = z.looseObject({
  fingerprint: z.string().optional(),
  digest: z.string().optional().describe('SHA-256 (hex) of the code as it is stored'),
  packages: z.string().optional(),
  inline: z.string().optional().describe('why there is no stored code'),
})
const PlannedStep = z.looseObject({
  code: Code,
  fallback: Code.optional(),
  source: z.boolean(),
  outputs: z.record(z.string(), z.looseObject({ kind: z.string(), version: z.number(), schema: Any })),
  retry: z
    .looseObject({
      times: z.number(),
      backoffMs: z.number(),
      maxBackoffMs: z.number(),
      on: z.array(z.string()).optional(),
    })
    .optional(),
  timeoutMs: z.number().optional(),
  memory: z.number().optional().describe('bytes'),
  cache: z.looseObject({ never: z.string().optional(), maxAgeMs: z.number().optional() }).optional(),
  secrets: z.array(z.string()).optional().describe('names'),
})
const PlannedNode = z.looseObject({
  type: z.enum(['step', 'each', 'when', 'given']),
  scope: z.array(z.string()).describe('the `each`s that it is inside, the outermost first'),
  guards: z.array(z.looseObject({ when: z.string(), condition: Condition, arm: z.boolean() })),
  step: z.string().optional(),
  inputs: Refs.optional(),
  params: z.record(z.string(), Any).optional(),
  versions: z.record(z.string(), z.string()).optional(),
  force: z.boolean().optional(),
  over: Ref.optional(),
  batch: z.int().optional(),
  collects: Refs.optional(),
  condition: Condition.optional(),
  then: Refs.optional(),
  otherwise: Refs.optional(),
  from: z.string().optional(),
  outputs: z.record(z.string(), Artifact).optional(),
})
/** As docs/consumers/records.md says in full. */
const Plan = z.looseObject({
  v: z.int(),
  run: z.string(),
  env: z.string(),
  pipeline: z.string(),
  createdAt: Moment,
  parent: z.string().optional(),
  params: z.record(z.string(), Any),
  settings: z.record(z.string(), Any).optional(),
  steps: z.record(z.string(), PlannedStep),
  nodes: z.record(z.string(), PlannedNode),
  outputs: Refs,
})
const RunEnd = z.looseObject({ v: z.int(), status: Status, endedAt: Moment, host: z.string() })
const TaskEnd = z.looseObject({
  v: z.int(),
  status: Ended,
  lanes: z
    .array(
      z.looseObject({
        status: Ended,
        how: z.enum(['computed', 'reused', 'caught', 'joined']).optional(),
        outputs: z.record(z.string(), Artifact).optional(),
        key: z.string().optional(),
        ms: z.number().optional(),
        error: ErrorSaid.optional(),
        caught: ErrorSaid.optional(),
        because: z.string().optional().describe('the node that decided it'),
      }),
    )
    .describe('one for a plain task, one an item for a batch'),
  counts: z.record(z.string(), z.array(z.int())),
  attempts: z.int().optional(),
  failures: z.array(ErrorSaid).optional(),
  startedAt: Moment,
  endedAt: Moment,
  host: z.string(),
})
const Queue = z
  .strictObject({
    place: z.int().describe('1 for the run that is next'),
    waiting: z.int().describe('number of runs that wait for the same limit'),
    limit: z
      .strictObject({ of: z.enum(['pipeline', 'environment']), name: z.string(), runs: z.int() })
      .optional()
      .describe('the limit that is reached; missing when the run is about to start'),
  })
  .describe('of a run that waits for its turn')
const RunLine = z.strictObject({
  run: z.string(),
  createdAt: Moment.optional(),
  params: z.record(z.string(), Any).optional(),
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
  isNew: z.boolean().describe('false if an earlier request with the same Idempotency-Key started it'),
})
const Letter = z.strictObject({
  id: z.string().describe('<partition>-<offset> in its topic'),
  at: Moment,
  topic: z.string(),
  event: z
    .strictObject({
      id: z.string(),
      type: z.string(),
      run: z.string(),
      node: z.string().optional(),
      batch: z.string().optional(),
    })
    .optional()
    .describe('missing of what is no event, or was too large to be kept whole'),
  preview: z.string().optional().describe('the beginning of the message, where there is no event'),
  groups: z
    .array(
      z.strictObject({
        group: z.string(),
        state: z.enum(['waiting', 'replayed', 'dropped']),
        at: Moment,
        error: ErrorSaid,
      }),
    )
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
  'get /v1/openapi.json': json(
    200,
    'This document.',
    z.looseObject({
      openapi: z.string(),
      info: z.looseObject({ title: z.string() }),
      paths: z.record(z.string(), Any),
    }),
  ),
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
    body: z
      .strictObject({
        event: z.string().describe('the type of the CloudEvent; `queued` while the run waits for its turn; `ping`'),
        id: z.string().optional().describe('to resume behind it: send it as Last-Event-ID'),
        data: z.string().describe('JSON: the CloudEvent; of `queued` the place in the queue; of `ping` `{}`'),
      })
      .describe('each of the events'),
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
