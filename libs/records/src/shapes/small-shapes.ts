import { artifact, error, signature } from './artifact-shape.ts'
import { count, json, list, map, name, number, object, one, shared, text, truth } from './shape.ts'

const WHEN = 'milliseconds since 1970'

export const runEnd = object(
  { status: one('completed', 'failed', 'cancelled'), endedAt: number, host: text },
  {},
  { status: 'how the run ended', endedAt: WHEN, host: 'process that wrote the record' },
)
/** Shape of `Holder`. */
export const holder = object({ host: text, since: number }, {}, { host: 'process that drives the run', since: WHEN })
/** Shape of `AttemptRecord`. */
export const attempt = object(
  { startedAt: number, host: text },
  {},
  { startedAt: WHEN, host: 'process that runs the attempt' },
)
export const unfit = object(
  { task: text, at: number, host: text, error },
  {},
  {
    task: 'the node; inside an `each` followed by `/` and the batch',
    at: WHEN,
    host: 'process that could not run the task',
    error: 'what is missing on that host',
  },
)
const line = object(
  { stream: one('stdout', 'stderr'), at: number, line: text },
  { item: text },
  {
    stream: 'stream that the line was printed to',
    at: WHEN,
    line: 'the line without its line ending',
    item: 'inside an `each`: index of the item, from 0',
  },
)
/** Shape of the record of what an attempt printed. */
export const log = object(
  { lines: list(line) },
  { left: count },
  { lines: 'lines in the order in which they were printed', left: 'number of lines omitted after these' },
)

/** Shape of `Checkpoint`. */
export const checkpoint = object(
  {
    step: name,
    key: name,
    fingerprint: name,
    code: name,
    params: map(json),
    inputs: map(text),
    outputs: map(artifact),
    producer: object(
      { run: text, task: text, host: text },
      {},
      { run: 'name of the run', task: 'name of the task', host: 'process that computed the result' },
    ),
    computedAt: number,
    ms: number,
    generation: number,
  },
  { versions: map(text), signature },
  {
    step: 'name of the step',
    key: 'digest of everything that the result depends on',
    fingerprint: 'fingerprint of the code: code with equal fingerprints computes the same results',
    params: 'parameters of the step',
    inputs: 'for each input, the `contentDigest` of the artifact, or its `digest` if it has none',
    outputs: 'artifacts by output name',
    producer: 'what computed the result',
    computedAt: WHEN,
    ms: 'duration of the computation in milliseconds',
    generation: 'how many times it was recomputed, by force or because it was too old',
    code: 'SHA-256 (hex) of the stored code that computed it',
    versions: 'for a source: versions of the data that it read',
    signature: 'signature of the service that computed it',
  },
)

const previous = shared('previous', () => object({ run: name }, champion, aboutChampion))
const champion = { run: name, since: number, by: text, from: name, announced: truth, replaced: name, previous }
const aboutChampion = {
  run: 'name of the run',
  since: `when it was promoted, in ${WHEN}`,
  by: 'who promoted it',
  from: 'the playground run that was promoted; absent after a rollback',
  announced: 'true once the event for consumers was published',
  replaced: 'the previous run in production',
  previous: 'the record that a rollback restores',
}
export const ref = object({ run: name }, champion, aboutChampion)

export const lease = object(
  { holder: text },
  { beat: number, run: text },
  {
    holder: 'process that holds the lease',
    beat: 'counter that is raised with each renewal. Another process may take the lease if it does not change for 15 seconds',
    run: 'the run that the lease is held for: `<pipeline>/<run>`',
  },
)
export const submission = object(
  { run: name, request: text },
  {},
  { run: 'the run that was started', request: 'SHA-256 (hex) of the request' },
)

export const running = object(
  {
    runs: list(object({ pipeline: name, run: name }, {}, { pipeline: 'name of the pipeline', run: 'name of the run' })),
  },
  {},
  { runs: 'runs that have started and not ended' },
)

/** The record that control keeps of the last collection. */
export const collected = object(
  { host: text },
  {
    at: number,
    removedUntil: number,
    removing: list(text),
    report: object(
      { runs: list(text) },
      {
        checkpoints: count,
        code: count,
        stale: count,
        trashed: count,
        deleted: count,
        restored: count,
        freed: count,
        damaged: list(text),
      },
      {
        runs: 'removed runs',
        checkpoints: 'number of removed checkpoints',
        code: 'number of removed code files',
        stale: 'number of expired leases and old submissions that were removed',
        trashed: 'number of objects that were moved to the trash',
        deleted: 'number of objects that were deleted',
        restored: 'number of objects that were restored from the trash because they are referenced again',
        freed: 'total size of the deleted objects in bytes',
        damaged: 'paths of records that could not be read. Everything that they may refer to is kept',
      },
    ),
  },
  {
    at: `${WHEN}. Absent while the first collection is in progress`,
    host: 'process that ran the collection',
    report: 'what was removed',
    removedUntil:
      'when the last collection that removed runs started. A run that was planned before and has no plan was removed',
    removing: 'runs that are being removed; none of them can be put into production any more',
  },
)
