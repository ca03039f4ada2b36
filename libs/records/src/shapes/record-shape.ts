import { manifest } from './code-shape.ts'
import { end } from './end-shape.ts'
import { plan } from './plan-shape.ts'
import { isObject, positive, type Shape } from './shape.ts'
import {
  attempt,
  checkpoint,
  collected,
  holder,
  lease,
  log,
  ref,
  runEnd,
  running,
  submission,
  unfit,
} from './small-shapes.ts'

export interface RecordKind {
  readonly name: string
  /** Its path in a pipeline's folder, for display. */
  readonly path: string
  readonly what: string
  /** Matches its path as far as `placeOf` keeps it. */
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
    name: 'collected',
    path: 'collected',
    what: 'When control collected a pipeline last, and what went.',
    place: /^(?!(?:runs|checkpoints|code|refs|leases|submissions|unfits)\/)[^/]+\/collected$/,
    shape: collected,
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

/** Describes what is wrong with a record at a place in a pipeline's folder; undefined when it is valid. */
export function faultIn(record: unknown, place: string): string | undefined {
  const kind = RECORD_KINDS.find((each) => each.place.test(place))
  const fault = other(record) ?? kind?.shape(record)
  return fault === undefined ? undefined : fault.startsWith(' ') ? `it${fault}` : fault.replace(/^\./, 'its ')
}
