import { artifact, error, signature } from './artifact-shape.ts'
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
  tagged,
  text,
  truth,
  type Shape,
} from './shape.ts'

const outcome = tagged('status', {
  completed: object(
    { how: one('computed', 'reused', 'caught', 'joined'), outputs: map(artifact) },
    { key: name, ms: number, caught: error },
  ),
  ...Object.fromEntries(
    ['failed', 'timed-out', 'cancelled'].map((status) => [status, object({ error }, { key: name })]),
  ),
  ...Object.fromEntries(['skipped', 'blocked'].map((status) => [status, object({ because: text })])),
})

const end = object(
  {
    status: one('completed', 'failed', 'timed-out', 'cancelled', 'skipped', 'blocked'),
    lanes: list(outcome),
    counts: map(list(count)),
    startedAt: number,
    endedAt: number,
    host: text,
  },
  { attempts: number, failures: list(error) },
)

const champion = {
  run: name,
  since: number,
  by: text,
  from: name,
  told: truth,
  previous: (value: unknown): string | undefined => object({ run: name }, champion)(value),
} satisfies Record<string, Shape>

const checkpoint = object(
  {
    step: name,
    key: name,
    fingerprint: name,
    params: map(json),
    inputs: map(text),
    outputs: map(artifact),
    producer: object({ run: text, task: text, host: text }),
    computedAt: number,
    ms: number,
    generation: number,
  },
  { code: name, versions: map(text), signature },
)

const declaration = object({ name: text, file: text, line: number, hash: text, refs: list(text), via: number })
const manifest = object({
  fingerprint: name,
  declarations: list(declaration),
  packages: list(object({ name: text, version: text, integrity: text, via: number })),
  reaches: list(object({ what: text, detail: text, line: number, via: number })),
  imports: json,
})

const line = object({ stream: one('stdout', 'stderr'), at: number, line: text }, { item: text })

/** By where records lie in a pipeline's folder. */
const SHAPES: readonly [place: RegExp, shape: Shape][] = [
  [/^runs\/[^/]+\/plan$/, plan],
  [/^runs\/[^/]+\/end$/, object({ status: one('completed', 'failed', 'cancelled'), endedAt: number, host: text })],
  [/^runs\/[^/]+\/holder$/, object({ host: text, since: number })],
  [/^runs\/[^/]+\/ends\//, end],
  [/^runs\/[^/]+\/attempts\//, object({ startedAt: number, host: text })],
  [/^runs\/[^/]+\/unfits\//, object({ task: text, at: number, host: text, error })],
  [/^runs\/[^/]+\/logs\//, object({ lines: list(line) }, { left: count })],
  [/^checkpoints\//, checkpoint],
  [/^code\/.*\.json$/, manifest],
  [/^refs\//, object({ run: name }, champion)],
  [/^leases\//, object({ holder: text }, { beat: number, run: text })],
  [/^submissions\//, object({ run: name, request: text })],
  [/^queues@[^/]+\/running$/, object({ runs: list(object({ pipeline: name, run: name })) })],
]

const other: Shape = (value) => (isObject(value) && positive(value['v']) === undefined ? undefined : '.v is no version')

/** What is wrong with what a record says, by its place in a pipeline's folder; undefined if nothing is. */
export function faultIn(record: unknown, place: string): string | undefined {
  const [, shape = other] = SHAPES.find(([pattern]) => pattern.test(place)) ?? []
  const fault = other(record) ?? shape(record)
  return fault === undefined ? undefined : fault.startsWith(' ') ? `it${fault}` : fault.replace(/^\./, 'its ')
}
