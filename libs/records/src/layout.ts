import { CairnError } from '@cairn/kernel'
import { NAMES } from './shapes/record-names.ts'

/** What stored code is named by; earlier versions of Cairn named it by its fingerprint alone. */
export interface CodeName {
  readonly fingerprint: string
  /** SHA-256 (hex) of its text: equal code at another place, or laid out otherwise, has another text. */
  readonly digest?: string
}

/** Where everything of one pipeline in one environment lies; the same in a folder and in a bucket. */
export interface Layout {
  readonly env: string
  readonly pipeline: string
  readonly root: string
  object(digest: string): string
  trash(digest: string): string
  quarantine(digest: string): string
  code(name: CodeName): string
  manifest(name: CodeName): string
  checkpoint(step: string, key: string): string
  checkpoints(step: string): string
  lease(name: string): string
  runs: string
  run(run: string): string
  plan(run: string): string
  ends(run: string): string
  /** One file a task, in one folder: a folder a task would double what a small step costs. */
  end(run: string, task: string): string
  /** The task that a terminal record is of. */
  taskOf(end: string): string
  attempts(run: string): string
  attempt(run: string, task: string, attempt: number): string
  /** The task, and the number of its attempt, that a record in `attempts` is of. */
  attemptOf(file: string): { readonly task: string; readonly attempt: number }
  /** Of tasks that hosts could not run, for what they lack. */
  unfits(run: string): string
  unfit(run: string, task: string, digest: string): string
  logs(run: string): string
  /** What a task's attempt printed, in parts. */
  log(run: string, task: string, attempt: number, part: number): string
  /** What a file in `logs` is of. */
  logOf(file: string): { readonly task: string; readonly attempt: number; readonly part: number }
  runEnd(run: string): string
  /** Which process drives the run. */
  holder(run: string): string
  ref(name: string): string
  /** Which run an idempotency key became; by the key's digest. */
  submission(key: string): string
  submissions: string
  leases: string
  /** When it was collected last, and what of it. */
  collected: string
}

export const STORE_FILE = 'store.json'
/** Raised when what is stored changes so that other versions of Cairn cannot read it. */
export const STORE_FORMAT = 2

/**
 * @param where the store, as people know it
 * @throws CairnError BAD_RECORD for a store of another version of Cairn
 */
export function requireStoreFormat(format: number, where: string): void {
  if (format > STORE_FORMAT)
    throw new CairnError('BAD_RECORD', `${where} has format ${format}; this program knows up to ${STORE_FORMAT}`, {
      next: 'update Cairn',
    })
  if (format < STORE_FORMAT)
    throw new CairnError(
      'BAD_RECORD',
      `${where} has format ${format}, of an earlier Cairn; this program reads ${STORE_FORMAT}`,
      {
        next: `use a new store, or move ${STORE_FILE} and the folders of its environments out of this one, and run again: earlier runs are not carried over`,
      },
    )
}

export function layout(env: string, pipeline: string): Layout {
  const root = `${env}/${pipeline}/`
  const runs = `${root}runs/`
  return {
    env,
    pipeline,
    root,
    object: (digest) => `${root}objects/${digest.slice(0, 2)}/${digest}`,
    trash: (digest) => `${root}trash/${digest}`,
    quarantine: (digest) => `${root}quarantine/${digest}`,
    code: (name) => `${root}code/${codeName(name)}.mjs`,
    manifest: (name) => `${root}code/${codeName(name)}.json`,
    checkpoint: (step, key) => `${root}checkpoints/${step}/${key}`,
    checkpoints: (step) => `${root}checkpoints/${step}/`,
    lease: (name) => `${root}leases/${name}`,
    runs,
    run: (run) => `${runs}${run}/`,
    plan: (run) => `${runs}${run}/plan`,
    ends: (run) => `${runs}${run}/ends/`,
    end: (run, task) => `${runs}${run}/ends/${task.replace('/', '@')}`,
    taskOf: (end) => end.slice(end.lastIndexOf('/') + 1).replace('@', '/'),
    attempts: (run) => `${runs}${run}/attempts/`,
    attempt: (run, task, attempt) => `${runs}${run}/attempts/${task.replace('/', '@')}-${attempt}`,
    attemptOf(file) {
      const at = file.lastIndexOf('-')
      return { task: file.slice(0, at).replace('@', '/'), attempt: Number(file.slice(at + 1)) }
    },
    unfits: (run) => `${runs}${run}/unfits/`,
    unfit: (run, task, digest) => `${runs}${run}/unfits/${task.replace('/', '@')}-${digest.slice(0, 16)}`,
    logs: (run) => `${runs}${run}/logs/`,
    log: (run, task, attempt, part) => `${runs}${run}/logs/${task.replace('/', '@')}-${attempt}-${part}`,
    logOf(file) {
      const [, task, attempt, part] = /([^/]+)-(\d+)-(\d+)$/.exec(file) ?? []
      return { task: (task ?? '').replace('@', '/'), attempt: Number(attempt), part: Number(part) }
    },
    runEnd: (run) => `${runs}${run}/end`,
    holder: (run) => `${runs}${run}/holder`,
    ref: (name) => `${root}refs/${name}`,
    submission: (key) => `${root}submissions/${key}`,
    submissions: `${root}submissions/`,
    leases: `${root}leases/`,
    collected: `${root}collected`,
  }
}

/** Where an environment keeps which runs wait for their turn, and which have had it: beside its pipelines. */
export interface QueueLayout {
  readonly root: string
  /** The runs that count against the limits. */
  readonly running: string
  readonly waiting: string
  ticket(run: QueuedRun): string
  /** The run that a file in `waiting` stands for; undefined where it is named like none. */
  runOf(file: string): QueuedRun | undefined
}
export interface QueuedRun {
  readonly pipeline: string
  readonly run: string
}

export function queueLayout(env: string): QueueLayout {
  // No environment is called so.
  const root = `queues@${env}/`
  const waiting = `${root}waiting/`
  return {
    root,
    running: `${root}running`,
    waiting,
    ticket: ({ pipeline, run }) => `${waiting}${run}@${pipeline}`,
    runOf(file) {
      const [run, pipeline, ...more] = file.slice(file.lastIndexOf('/') + 1).split('@')
      if (!NAMES.run.fits(run) || !NAMES.name.fits(pipeline) || more.length > 0) return undefined
      return { pipeline, run }
    },
  }
}

/** How the files of stored code are called, without their endings. */
export function codeName({ fingerprint, digest }: CodeName): string {
  return digest === undefined ? fingerprint : `${fingerprint}-${digest.slice(0, 16)}`
}
