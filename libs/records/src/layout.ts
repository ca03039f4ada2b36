import { CairnError } from '@cairn/kernel'
import { NAMES } from './shapes/record-names.ts'

/** Identifies stored code. */
export interface CodeName {
  readonly fingerprint: string
  /** SHA-256 (hex) of its text. Equal code in another location or format has the same fingerprint but another text. */
  readonly digest: string
}

/**
 * The paths of everything that belongs to one pipeline in one environment. A folder and a bucket use the same paths.
 */
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
  /** One file for each task, all in one folder: a folder for each task would double the cost of a small step. */
  end(run: string, task: string): string
  /** Returns the task that a terminal record belongs to. */
  taskOf(end: string): string
  attempts(run: string): string
  attempt(run: string, task: string, attempt: number): string
  /** Returns the task and attempt number that a record in `attempts` belongs to. */
  attemptOf(file: string): { readonly task: string; readonly attempt: number }
  /** The folder of records about tasks that hosts could not run, because they lacked something. */
  unfits(run: string): string
  unfit(run: string, task: string, digest: string): string
  logs(run: string): string
  /** One part of what an attempt printed. */
  log(run: string, task: string, attempt: number, part: number): string
  /** Returns the task, attempt and part that a file in `logs` belongs to. */
  logOf(file: string): { readonly task: string; readonly attempt: number; readonly part: number }
  runEnd(run: string): string
  /** The record of the process that drives the run. */
  holder(run: string): string
  ref(name: string): string
  /** The record of the run that an idempotency key started, by the digest of the key. */
  submission(key: string): string
  submissions: string
  leases: string
  /** The record of the last garbage collection. */
  collected: string
}

/** Path of the file in a store that holds its format. */
export const STORE_FILE = 'store.json'
/** Raised when the format changes so that other versions of Cairn cannot read the store. */
export const STORE_FORMAT = 2

/**
 * Requires that this program can read the store's format.
 *
 * @param where the store, as users know it
 * @throws CairnError BAD_RECORD for a store of another version of Cairn
 */
export function requireStoreFormat(format: number, where: string): void {
  if (format > STORE_FORMAT)
    throw new CairnError(
      'BAD_RECORD',
      `${where} has format ${format}, but this version of Cairn supports only formats up to ${STORE_FORMAT}`,
      {
        next: 'update Cairn',
      },
    )
  if (format < STORE_FORMAT)
    throw new CairnError(
      'BAD_RECORD',
      `${where} has format ${format} of an earlier version of Cairn, but this version supports only format ${STORE_FORMAT}`,
      {
        next: `use a new store, or move ${STORE_FILE} and the environment folders out of this one and run again (earlier runs are not migrated)`,
      },
    )
}

/**
 * Returns the paths of a pipeline in an environment. Names become parts of the paths as they are, so those from outside
 * must be checked first.
 */
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

/**
 * The paths of an environment's queue: the runs that wait, and the runs that were admitted. It lies beside the
 * pipelines.
 */
export interface QueueLayout {
  readonly root: string
  /** The runs that count against the limits. */
  readonly running: string
  readonly waiting: string
  ticket(run: QueuedRun): string
  /** Returns the run that a file in `waiting` stands for; undefined when the name does not fit. */
  runOf(file: string): QueuedRun | undefined
}
/** A run in the queue of an environment, waiting or admitted. */
export interface QueuedRun {
  readonly pipeline: string
  readonly run: string
}

/** Returns the paths of an environment's queue. */
export function queueLayout(env: string): QueueLayout {
  // `@` cannot occur in the name of an environment.
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

/** Formats the file name of stored code, without its extension. */
export function codeName({ fingerprint, digest }: CodeName): string {
  return `${fingerprint}-${digest.slice(0, 16)}`
}
