import { hash } from 'node:crypto'
import { layout, queueLayout, type Layout, type QueueLayout } from '@cairn/records'

/** A path in the store. */
export interface StorePlace {
  /** As in the table of docs/security.md. */
  readonly row: string
  /** Its environment: undefined if it belongs to the whole bucket. */
  readonly env?: string
  /** Undefined if it belongs to the whole environment. */
  readonly pipeline?: string
  /** The step in its name. */
  readonly step?: string
  /** @param id makes the path unique if there may be several of the kind */
  readonly path: (id: string) => string
}

type Folder =
  'root' | 'checkpoints' | 'leases' | 'submissions' | 'runs' | 'run' | 'ends' | 'attempts' | 'unfits' | 'logs'
type NoPath = 'env' | 'pipeline' | 'taskOf' | 'attemptOf' | 'logOf'
type Place = readonly [row: string, path: (at: Layout, id: string, step: string) => string]

/** Every file that the layout has a name for. A new one does not compile until it is here, and then needs a row. */
const OF_PIPELINE: Readonly<Record<Exclude<keyof Layout, Folder | NoPath>, Place>> = {
  object: ['objects/<digest>', (at, id) => at.object(hash('sha256', id))],
  trash: ['trash/<digest>', (at, id) => at.trash(hash('sha256', id))],
  quarantine: ['quarantine/<digest>', (at, id) => at.quarantine(hash('sha256', id))],
  code: ['code/<fingerprint>.mjs', (at, id) => at.code({ fingerprint: id, digest: id })],
  manifest: ['code/<fingerprint>.json', (at, id) => at.manifest({ fingerprint: id, digest: id })],
  checkpoint: ['checkpoints/<step>/<key>', (at, id, step) => at.checkpoint(step, id)],
  lease: ['leases/<key>', (at, id) => at.lease(id)],
  plan: ['runs/<run>/plan', (at, id) => at.plan(id)],
  end: ['runs/<run>/ends/<node>', (at, id, step) => at.end(id, step)],
  attempt: ['runs/<run>/attempts/<node>-<attempt>', (at, id, step) => at.attempt(id, step, 12)],
  log: ['runs/<run>/logs/<node>-<attempt>-<part>', (at, id, step) => at.log(id, step, 1, 10)],
  unfit: ['runs/<run>/unfits/<node>-<digest>', (at, id, step) => at.unfit(id, step, hash('sha256', id))],
  runEnd: ['runs/<run>/end', (at, id) => at.runEnd(id)],
  holder: ['runs/<run>/holder', (at, id) => at.holder(id)],
  ref: ['refs/<name>', (at, id) => at.ref(id)],
  submission: ['submissions/<key>', (at, id) => at.submission(hash('sha256', id))],
  collected: ['collected', (at) => at.collected],
}
/** The suffix of a batch, after the node's name. */
const OF_BATCH: readonly Place[] = [
  ['runs/<run>/ends/<node>@<batch>', (at, id, step) => at.end(id, `${step}/3`)],
  ['runs/<run>/attempts/<node>@<batch>-<attempt>', (at, id, step) => at.attempt(id, `${step}/3`, 1)],
  ['runs/<run>/logs/<node>@<batch>-<attempt>-<part>', (at, id, step) => at.log(id, `${step}/3`, 1, 0)],
  ['runs/<run>/unfits/<node>@<batch>-<digest>', (at, id, step) => at.unfit(id, `${step}/3`, hash('sha256', id))],
]
const OF_ENVIRONMENT: Readonly<
  Record<
    Exclude<keyof QueueLayout, 'root' | 'waiting' | 'runOf'>,
    readonly [string, (at: QueueLayout, id: string) => string]
  >
> = {
  running: ['queues@<env>/running', (at) => at.running],
  ticket: ['queues@<env>/waiting/<run>@<pipeline>', (at, id) => at.ticket({ pipeline: 'orders', run: id })],
}
const OF_BUCKET: readonly StorePlace[] = [
  { row: 'store.json', path: () => 'store.json' },
  { row: 'probe/<id>', path: (id) => `probe/${id}` },
  { row: 'anything else', path: (id) => `elsewhere/${id}` },
]

/** Every path of a pipeline, for each step if its name contains one, and the paths of its environment. */
export function placesOf(env: string, pipeline: string, steps: readonly string[]): StorePlace[] {
  const [at, line] = [layout(env, pipeline), queueLayout(env)]
  const ofPipeline = [...Object.values(OF_PIPELINE), ...OF_BATCH].flatMap(([row, path]): StorePlace[] =>
    /<(node|step)>/.test(row)
      ? steps.map((step) => ({ row, env, pipeline, step, path: (id) => path(at, id, step) }))
      : [{ row, env, pipeline, path: (id) => path(at, id, '') }],
  )
  const ofEnvironment = Object.values(OF_ENVIRONMENT).map(([row, path]): StorePlace => ({
    row,
    env,
    path: (id) => path(line, id),
  }))
  return [...ofPipeline, ...ofEnvironment]
}

export const placesOfBucket = OF_BUCKET
