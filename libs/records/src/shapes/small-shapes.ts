import { artifact, error, signature } from './artifact-shape.ts'
import { count, json, list, map, name, number, object, one, shared, text, truth } from './shape.ts'

const WHEN = 'milliseconds since 1970'

export const runEnd = object(
  { status: one('completed', 'failed', 'cancelled'), endedAt: number, host: text },
  {},
  { status: 'how the run has ended', endedAt: WHEN, host: 'the process that wrote it' },
)
export const holder = object(
  { host: text, since: number },
  {},
  { host: 'the process that drives the run', since: WHEN },
)
export const attempt = object(
  { startedAt: number, host: text },
  {},
  { startedAt: WHEN, host: 'the process that makes the attempt' },
)
export const unfit = object(
  { task: text, at: number, host: text, error },
  {},
  {
    task: 'the node, and inside an `each` `/` and the batch',
    at: WHEN,
    host: 'the process that could not run it',
    error: 'what it lacks',
  },
)
const line = object(
  { stream: one('stdout', 'stderr'), at: number, line: text },
  { item: text },
  {
    stream: 'where it was printed',
    at: WHEN,
    line: 'the line, without its end',
    item: 'inside an `each`: the item, by its place among all items, counted from 0',
  },
)
export const log = object(
  { lines: list(line) },
  { left: count },
  { lines: 'the lines, in the order in which they were printed', left: 'how many lines were left out behind these' },
)

export const checkpoint = object(
  {
    step: name,
    key: name,
    fingerprint: name,
    params: map(json),
    inputs: map(text),
    outputs: map(artifact),
    producer: object(
      { run: text, task: text, host: text },
      {},
      { run: 'the run', task: 'its task', host: 'the process that computed it' },
    ),
    computedAt: number,
    ms: number,
    generation: number,
  },
  { code: name, versions: map(text), signature },
  {
    step: 'the name of the step',
    key: 'digest of all that the result depends on',
    fingerprint: 'of the code: equal fingerprints compute the same',
    params: 'the parameters of the step',
    inputs: 'what each input holds: the `contentDigest`, or else the `digest`, of the artifact',
    outputs: 'the artifacts, by the names of the outputs',
    producer: 'who computed it',
    computedAt: WHEN,
    ms: 'milliseconds that the computation took',
    generation: 'how often it was computed anew, by force or because it had grown too old',
    code: 'SHA-256 (hex) of the code that computed it, as it is stored',
    versions: 'of a source: the versions of what it read',
    signature: 'of the service that computed it',
  },
)

const previous = shared('previous', () => object({ run: name }, champion, aboutChampion))
const champion = { run: name, since: number, by: text, from: name, announced: truth, replaced: name, previous }
const aboutChampion = {
  run: 'the run',
  since: `when it became the one in production, in ${WHEN}`,
  by: 'who made it so',
  from: 'the run of a playground that was promoted; absent of a roll-back',
  announced: 'true once consumers have been told of it',
  replaced: 'the run that was in production until then',
  previous: 'what is rolled back to',
}
export const ref = object({ run: name }, champion, aboutChampion)

export const lease = object(
  { holder: text },
  { beat: number, run: text },
  {
    holder: 'the process that holds it',
    beat: 'raised each time that it is renewed: who sees no change for 15 seconds may take it',
    run: 'what it is held for: `<pipeline>/<run>`',
  },
)
export const submission = object(
  { run: name, request: text },
  {},
  { run: 'the run that was started for it', request: 'SHA-256 (hex) of what was asked for' },
)

export const running = object(
  { runs: list(object({ pipeline: name, run: name }, {}, { pipeline: 'its pipeline', run: 'the run' })) },
  {},
  { runs: 'the runs that have had their turn and have not ended' },
)

/** The record that control keeps of the last collection. */
export const collected = object(
  {
    at: number,
    host: text,
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
        runs: 'runs that were removed',
        checkpoints: 'checkpoints that were removed',
        code: 'files of code that were removed',
        stale: 'leases that ran out, and old submissions',
        trashed: 'objects that were moved to the trash',
        deleted: 'objects that were deleted',
        restored: 'objects that were in the trash and are needed again',
        freed: 'bytes of the deleted objects',
        damaged: 'paths of records that could not be read: what they may refer to stays',
      },
    ),
  },
  {},
  { at: WHEN, host: 'the process that collected', report: 'what went' },
)
