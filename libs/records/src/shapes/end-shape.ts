import { artifact, error } from './artifact-shape.ts'
import { count, list, map, name, number, object, one, tagged, text } from './shape.ts'

const unhappy = object(
  { error },
  { key: name },
  { error: 'what went wrong', key: 'the key that its checkpoint would have had' },
)
const notRun = object(
  { because: text },
  {},
  { because: 'the node that decided it, with the item where it is inside an `each`: `score/3`' },
)

const outcome = tagged('status', {
  completed: object(
    { how: one('computed', 'reused', 'caught', 'joined'), outputs: map(artifact) },
    { key: name, ms: number, caught: error },
    {
      how: 'computed by the step; reused from a checkpoint; caught: computed by the `catch` of the step; joined: put together, as an `each` and a `when` do',
      outputs: 'the artifacts, by the names of the outputs',
      key: 'the key of its checkpoint',
      ms: 'milliseconds that the computation took',
      caught: 'the error of the last attempt, where a `catch` went on after it',
    },
  ),
  failed: unhappy,
  'timed-out': unhappy,
  cancelled: unhappy,
  skipped: notRun,
  blocked: notRun,
})

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
    status: 'how the task has ended',
    items: 'one outcome of a plain task, one for each item of a batch',
    counts: 'of each list output its length, of each boolean output 1 or 0: one number for each item',
    startedAt: 'when the first attempt began, in milliseconds since 1970',
    endedAt: 'milliseconds since 1970',
    host: 'the process that wrote it',
    attempts: 'how many attempts there were',
    failures:
      'errors of the attempts that were followed by another, each with its `attempt`, and of several items with the `index` of the one that failed',
  },
)
