import { mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CairnError } from '@cairn/kernel'
import { errorRecord, type ErrorRecord, type ItemResult, type Work } from '@cairn/records'
import { maskedJson, type Secrets } from '@cairn/secrets'
import { verifiedStamp } from '@cairn/files'
import { crashError, type Ending } from './crash.ts'
import { megabytes } from './megabytes.ts'
import { packagesChangedError } from './package-checks.ts'
import { folderOfItem, WORK_PREFIX } from './folder-names.ts'
import { timedOut } from './in-process.ts'
import type { ComputeOptions } from './options.ts'
import type { FromWorker } from './protocol.ts'
import { WorkerOutput } from './worker-output.ts'
import { countKills } from './oom-kills.ts'
import { outOfSpaceError } from './scratch-space.ts'
import type { Exit, WorkerProcess } from './worker-process.ts'

export interface SessionOptions {
  readonly work: Work
  /** Memory limit of the process, in bytes. */
  readonly memory: number
  readonly secrets: Secrets
  readonly signal: AbortSignal
  readonly options: ComputeOptions
}

/** Milliseconds between the stop signal and SIGKILL. */
const GRACE_MS = 1_000
const MEMORY_CHECK_MS = 50
/** Time limit for loading a step's code and its imports, in milliseconds. */
const LOAD_MS = 60_000

/**
 * Runs one piece of work in a worker process, and yields the result of each item as soon as it exists.
 *
 * Ends early if the process dies, has to be killed, or cannot be reused for the remaining items, which then have no
 * result. An item that was running when the process died gets an error as its result.
 */
export async function* runInWorker(worker: WorkerProcess, session: SessionOptions): AsyncIterable<ItemResult> {
  const { work, secrets, signal, options } = session
  const { open, print, onLoaded, ...order } = work
  const scratch = mkdtempSync(join(options.scratch(), WORK_PREFIX))
  const diskUsers = (index: number) => ({
    folder: dirname(dirname(scratch)),
    own: [folderOfItem(scratch, index), ...(worker.temporary === undefined ? [] : [worker.temporary])],
  })
  const inbox = new Inbox()
  const limits = new LimitEnforcer(worker, session)
  const output = new WorkerOutput(work.items, worker.secrets.add(secrets), print)
  worker.onPrint = (bytes, stream) => output.add(bytes, stream)
  worker.onExit = (exit) => {
    output.close()
    inbox.put({ type: 'died', exit })
  }
  worker.onMessage = (message) => {
    if (message.type !== 'open') return inbox.put(message)
    const { digest } = message.ref
    open(message.ref).then(
      (path) => {
        const stamp = verifiedStamp(digest)
        worker.send({ type: 'opened', digest, path, ...(stamp !== undefined && { stamp }) })
      },
      (error: unknown) => worker.send({ type: 'not-opened', digest, error: errorRecord(error) }),
    )
  }
  const { isUsed } = worker
  worker.isUsed = true
  const killsBefore = countKills()
  worker.send({ type: 'work', work: order, root: options.root, scratch, secrets, marker: output.marker })

  /** Why the work was stopped. Takes precedence over an error that the stop causes. */
  const stopReason = () => (signal.aborted ? errorRecord(signal.reason) : limits.stopReason)
  let index = work.items[0]!.index
  let done = false
  let ending: Ending | undefined
  try {
    for (;;) {
      const message = await inbox.next()
      if (message.type === 'done') {
        done = true
        return
      }
      if (message.type === 'ending') {
        ending = message
        continue
      }
      if (message.type === 'died') {
        const { exit } = message
        const about = {
          step: work.step,
          exit,
          worker,
          output,
          ending,
          killsBefore,
          used: limits.used,
          memory: session.memory,
        }
        const error = stopReason() ?? ending?.error ?? maskedJson(crashError(about), secrets)
        return yield { index, ms: 0, error }
      }
      if (message.type === 'unfit') {
        if (isUsed) return
        return yield { index, ms: 0, error: errorRecord(packagesChangedError()) }
      }
      if (message.type === 'begun') {
        index = message.index
        if (message.loaded) onLoaded?.()
        limits.startTimeout()
      } else {
        limits.endTimeout()
        if (message.loaded) onLoaded?.()
        await output.readTo(work.items.findIndex(({ index }) => index === message.result.index) + 1, message.closed)
        const { result, usage } = message
        // A body that reacts to the stop signal may throw an error of its own.
        const error = stopReason() ?? (usage && outOfSpaceError(work.step, usage, diskUsers(result.index)))
        yield error && 'error' in result ? { ...result, error } : result
        rmSync(folderOfItem(scratch, result.index), { recursive: true, force: true })
        // What the item left running could print into the output of the next item.
        if (limits.stopReason || message.left || message.closed.length > 0) return
      }
    }
  } finally {
    limits.end()
    if (!done) await worker.kill() // it may still run a body whose result nobody awaits
    worker.onMessage = () => {}
    worker.onExit = () => {}
    worker.onPrint = () => {} // output between two pieces of work belongs to neither
    rmSync(scratch, { recursive: true, force: true })
  }
}

type Message = Exclude<FromWorker, { type: 'open' }> | { readonly type: 'died'; readonly exit: Exit }

/** A queue of messages from the worker process. */
class Inbox {
  readonly #messages: Message[] = []
  #arrival = Promise.withResolvers<void>()

  put(message: Message): void {
    this.#messages.push(message)
    this.#arrival.resolve()
  }

  async next(): Promise<Message> {
    while (this.#messages.length === 0) {
      await this.#arrival.promise
      this.#arrival = Promise.withResolvers()
    }
    return this.#messages.shift()!
  }
}

/** Stops a process that exceeds its timeout or its memory limit, or whose work is cancelled. */
class LimitEnforcer {
  /** Why the process was stopped: TIMED_OUT or OUT_OF_MEMORY. Undefined after a cancel. */
  stopReason: ErrorRecord | undefined
  /** Memory in use at the last check, in bytes. */
  used = 0
  readonly #worker: WorkerProcess
  readonly #session: SessionOptions
  readonly #memoryTimer: NodeJS.Timeout
  #timeout: NodeJS.Timeout | undefined
  #killTimer: NodeJS.Timeout | undefined

  constructor(worker: WorkerProcess, session: SessionOptions) {
    this.#worker = worker
    this.#session = session
    this.#memoryTimer = setInterval(() => this.#checkMemory(), MEMORY_CHECK_MS)
    session.signal.addEventListener('abort', this.#stop)
    const message = `the code of ${session.work.step} was not loaded within ${LOAD_MS / 1000} s`
    this.#timeout = setTimeout(() => this.#stopBecause(new CairnError('TIMED_OUT', message)), LOAD_MS)
  }

  /** Starts the timeout of an item, in place of the time limit for loading. */
  startTimeout(): void {
    const { step, timeoutMs } = this.#session.work
    clearTimeout(this.#timeout)
    if (timeoutMs !== undefined)
      this.#timeout = setTimeout(() => this.#stopBecause(timedOut(step, timeoutMs)), timeoutMs)
  }

  /** Ends the timeout of an item. */
  endTimeout(): void {
    clearTimeout(this.#timeout)
  }

  end(): void {
    clearInterval(this.#memoryTimer)
    clearTimeout(this.#timeout)
    clearTimeout(this.#killTimer)
    this.#session.signal.removeEventListener('abort', this.#stop)
  }

  #checkMemory(): void {
    const { memory, work } = this.#session
    const used = this.#worker.memory() ?? 0
    if (used > 0) this.used = used // a process that has just died uses none
    if (used <= memory) return
    this.#stopBecause(
      new CairnError(
        'OUT_OF_MEMORY',
        `${work.step} used ${megabytes(used)} of memory; its limit is ${megabytes(memory)}`,
        {
          next: 'raise its limit, memory: "4GB", or process less data at a time',
        },
      ),
    )
    void this.#worker.kill()
  }

  #stopBecause(error: CairnError): void {
    this.stopReason ??= errorRecord(error)
    this.#stop()
  }

  /** Sends the stop signal, and kills the process after a grace period. */
  readonly #stop = (): void => {
    this.#worker.send({ type: 'stop' })
    this.#killTimer ??= setTimeout(() => void this.#worker.kill(), GRACE_MS)
  }
}
