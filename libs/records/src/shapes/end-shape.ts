import { artifact, error } from './artifact-shape.ts'
import { count, list, map, name, number, object, one, tagged, text } from './shape.ts'

const unhappy = object({ error }, { key: name }, { error: 'the error', key: 'key that its checkpoint would have had' })
const notRun = object(
  { because: text },
  {},
  { because: 'the node that caused the skip or block; inside an `each` with the item, such as `score/3`' },
)

const outcome = tagged('status', {
  completed: object(
    { how: one('computed', 'reused', 'caught', 'joined'), outputs: map(artifact) },
    { key: name, ms: number, caught: error },
    {
      how: 'computed: by the step; reused: from a checkpoint; caught: by the `catch` of the step; joined: collected by an `each` or a `when`',
      outputs: 'artifacts by output name',
      key: 'key of its checkpoint',
      ms: 'duration of the computation in milliseconds',
      caught: 'error of the last attempt, if a `catch` handled it',
    },
  ),
  failed: unhappy,
  'timed-out': unhappy,
  cancelled: unhappy,
  skipped: notRun,
  blocked: notRun,
})

/** Shape of `EndRecord`. */
export const end = object(
  {
    status: one('completed', 'failed', 'timed-out', 'cancelled', 'skipped', 'blocked'),
    items: list(outcome),
    counts: map(list(count)),
    startedAt: number,
    endedAt: number,
    host: text,
  },
  { attempts: number, failures: list(error) },
  {
    status: 'how the task ended',
    items: 'one outcome for a single task, or one for each item of a batch',
    counts: 'for each item, the length of each list output, and 1 or 0 for each boolean output',
    startedAt: 'start of the first attempt, in milliseconds since 1970',
    endedAt: 'end of the task, in milliseconds since 1970',
    host: 'process that wrote the record',
    attempts: 'number of attempts',
    failures:
      'errors of the attempts that were retried, each with its `attempt` and, in a batch, the `index` of the failed item',
  },
)
