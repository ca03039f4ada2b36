import { artifact, error, signature } from './artifact-shape.ts'
import { manifest } from './code-shape.ts'
import { end } from './end-shape.ts'
import { plan } from './plan-shape.ts'
import {
  count,
  isObject,
  json,
  list,
  map,
  name,
  number,
  object,
  one,
  positive,
  shared,
  text,
  truth,
  type Shape,
} from './shape.ts'

const WHEN = 'milliseconds since 1970'

const runEnd = object(
  { status: one('completed', 'failed', 'cancelled'), endedAt: number, host: text },
  {},
  { status: 'how the run has ended', endedAt: WHEN, host: 'the process that wrote it' },
)
const holder = object({ host: text, since: number }, {}, { host: 'the process that drives the run', since: WHEN })
const attempt = object(
  { startedAt: number, host: text },
  {},
  { startedAt: WHEN, host: 'the process that makes the attempt' },
)
const unfit = object(
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
const log = object(
  { lines: list(line) },
  { left: count },
  { lines: 'the lines, in the order in which they were printed', left: 'how many lines were left out behind these' },
)

const checkpoint = object(
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
const champion = { run: name, since: number, by: text, from: name, told: truth, previous }
const aboutChampion = {
  run: 'the run',
  since: `when it became the one in production, in ${WHEN}`,
  by: 'who made it so',
  from: 'the run of a playground that was promoted; absent of a roll-back',
  told: 'true once consumers have been told of it',
  previous: 'what was in production before, to roll back to',
}
const ref = object({ run: name }, champion, aboutChampion)

const lease = object(
  { holder: text },
  { beat: number, run: text },
  {
    holder: 'the process that holds it',
    beat: 'raised each time that it is renewed: who sees no change for 15 seconds may take it',
    run: 'what it is held for: `<pipeline>/<run>`',
  },
)
const submission = object(
  { run: name, request: text },
  {},
  { run: 'the run that was started for it', request: 'SHA-256 (hex) of what was asked for' },
)

const running = object(
  { runs: list(object({ pipeline: name, run: name }, {}, { pipeline: 'its pipeline', run: 'the run' })) },
  {},
  { runs: 'the runs that have had their turn and have not ended' },
)

export interface RecordKind {
  readonly name: string
  /** Where it lies in a pipeline's folder, for people. */
  readonly path: string
  readonly what: string
  /** Where it lies, as far as records know their own place. */
  readonly place: RegExp
  readonly shape: Shape
}

const TASK = '<node>[@<batch>]'

export const RECORD_KINDS: readonly RecordKind[] = [
  {
    name: 'plan',
    path: 'runs/<run>/plan',
    what: 'What a run does, fixed before it starts: code, wiring, parameters and the versions of its sources.',
    place: /^runs\/[^/]+\/plan$/,
    shape: plan,
  },
  {
    name: 'run-end',
    path: 'runs/<run>/end',
    what: 'That a run has ended, and how. A run without one has not ended.',
    place: /^runs\/[^/]+\/end$/,
    shape: runEnd,
  },
  {
    name: 'holder',
    path: 'runs/<run>/holder',
    what: 'The process that drives a run, where one process does.',
    place: /^runs\/[^/]+\/holder$/,
    shape: holder,
  },
  {
    name: 'end',
    path: `runs/<run>/ends/${TASK}`,
    what: 'How a task has ended, with its outputs: one record for each node, inside an `each` one for each batch.',
    place: /^runs\/[^/]+\/ends\//,
    shape: end,
  },
  {
    name: 'attempt',
    path: `runs/<run>/attempts/${TASK}-<attempt>`,
    what: 'That a process has begun an attempt at a task.',
    place: /^runs\/[^/]+\/attempts\//,
    shape: attempt,
  },
  {
    name: 'unfit',
    path: `runs/<run>/unfits/${TASK}-<digest>`,
    what: 'That a host could not run a task for something that it lacks, and left the task to others.',
    place: /^(?:runs\/[^/]+\/)?unfits\//,
    shape: unfit,
  },
  {
    name: 'log',
    path: `runs/<run>/logs/${TASK}-<attempt>-<part>`,
    what: 'What an attempt at a task has printed, in parts.',
    place: /^runs\/[^/]+\/logs\//,
    shape: log,
  },
  {
    name: 'checkpoint',
    path: 'checkpoints/<step>/<key>',
    what: 'A result that later runs reuse instead of computing it.',
    place: /^checkpoints\//,
    shape: checkpoint,
  },
  {
    name: 'code',
    path: 'code/<fingerprint>[-<digest>].json',
    what: 'What the stored code beside it consists of: declarations and packages.',
    place: /^code\/.*\.json$/,
    shape: manifest,
  },
  {
    name: 'ref',
    path: 'refs/production',
    what: 'Which run is in production.',
    place: /^refs\//,
    shape: ref,
  },
  {
    name: 'lease',
    path: 'leases/<name>',
    what: 'That a process computes something, so that others wait for its result instead of computing it, too.',
    place: /^leases\//,
    shape: lease,
  },
  {
    name: 'submission',
    path: 'submissions/<digest of the Idempotency-Key>',
    what: 'Which run the requests with one Idempotency-Key stand for.',
    place: /^submissions\//,
    shape: submission,
  },
  {
    name: 'running',
    path: 'queues@<environment>/running',
    what: 'The runs that count against the limits of an environment; beside its folder.',
    place: /^queues@[^/]+\/running$/,
    shape: running,
  },
]

const other = (value: unknown) =>
  isObject(value) && positive(value['v']) === undefined ? undefined : '.v is no version'

/** What is wrong with what a record says, by its place in a pipeline's folder; undefined if nothing is. */
export function faultIn(record: unknown, place: string): string | undefined {
  const kind = RECORD_KINDS.find((each) => each.place.test(place))
  const fault = other(record) ?? kind?.shape(record)
  return fault === undefined ? undefined : fault.startsWith(' ') ? `it${fault}` : fault.replace(/^\./, 'its ')
}
