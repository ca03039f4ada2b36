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
    what: 'What a run does: code, wiring, parameters and source versions. Written before the run starts, and never changed.',
    place: /^runs\/[^/]+\/plan$/,
    shape: plan,
  },
  {
    name: 'run-end',
    path: 'runs/<run>/end',
    what: 'How a run ended. A run without this record has not ended.',
    place: /^runs\/[^/]+\/end$/,
    shape: runEnd,
  },
  {
    name: 'holder',
    path: 'runs/<run>/holder',
    what: 'The process that drives a run, if a single process does.',
    place: /^runs\/[^/]+\/holder$/,
    shape: holder,
  },
  {
    name: 'end',
    path: `runs/<run>/ends/${TASK}`,
    what: 'How a task ended, and its outputs. One record for each node, or for each batch inside an `each`.',
    place: /^runs\/[^/]+\/ends\//,
    shape: end,
  },
  {
    name: 'attempt',
    path: `runs/<run>/attempts/${TASK}-<attempt>`,
    what: 'Marks the start of an attempt at a task.',
    place: /^runs\/[^/]+\/attempts\//,
    shape: attempt,
  },
  {
    name: 'unfit',
    path: `runs/<run>/unfits/${TASK}-<digest>`,
    what: 'Why a host could not run a task and left it to other hosts, for example because of a missing package.',
    place: /^(?:runs\/[^/]+\/)?unfits\//,
    shape: unfit,
  },
  {
    name: 'log',
    path: `runs/<run>/logs/${TASK}-<attempt>-<part>`,
    what: 'A part of the output that an attempt at a task printed.',
    place: /^runs\/[^/]+\/logs\//,
    shape: log,
  },
  {
    name: 'checkpoint',
    path: 'checkpoints/<step>/<key>',
    what: 'A result that later runs reuse instead of computing it again.',
    place: /^checkpoints\//,
    shape: checkpoint,
  },
  {
    name: 'code',
    path: 'code/<fingerprint>[-<digest>].json',
    what: 'The declarations and packages of the stored code next to it.',
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
    what: 'Marks that a process is computing something, so that other processes wait for its result.',
    place: /^leases\//,
    shape: lease,
  },
  {
    name: 'submission',
    path: 'submissions/<digest of the Idempotency-Key>',
    what: 'The run that was started for requests with this Idempotency-Key.',
    place: /^submissions\//,
    shape: submission,
  },
  {
    name: 'collected',
    path: 'collected',
    what: 'When control last collected a pipeline, and what was removed.',
    place: /^(?!(?:runs|checkpoints|code|refs|leases|submissions|unfits)\/)[^/]+\/collected$/,
    shape: collected,
  },
  {
    name: 'running',
    path: 'queues@<environment>/running',
    what: 'The runs that count against the concurrency limits of an environment. Stored next to the folder of the environment.',
    place: /^queues@[^/]+\/running$/,
    shape: running,
  },
]

const other = (value: unknown) =>
  isObject(value) && positive(value['v']) === undefined ? undefined : '.v must be a version number'

/** Describes what is wrong with a record at a place in a pipeline's folder; undefined when it is valid. */
export function faultIn(record: unknown, place: string): string | undefined {
  const kind = RECORD_KINDS.find((each) => each.place.test(place))
  const fault = other(record) ?? kind?.shape(record)
  return fault === undefined ? undefined : fault.startsWith(' ') ? `it${fault}` : fault.replace(/^\./, 'its ')
}
