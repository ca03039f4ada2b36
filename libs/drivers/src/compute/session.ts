import { mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CairnError } from '@cairn/kernel'
import { errorRecord, type ErrorRecord, type ItemResult, type Work } from '@cairn/records'
import { maskedJson, type Secrets } from '@cairn/secrets'
import { verifiedStamp } from '@cairn/files'
import { crashed, type Ending } from './crash.ts'
import { megabytes } from './megabytes.ts'
import { changedMeanwhile } from './fitting.ts'
import { folderOfItem, WORK } from './folder-names.ts'
import { timedOut } from './in-process.ts'
import type { ComputeOptions } from './options.ts'
import type { FromWorker } from './protocol.ts'
import { Printout } from './printout.ts'
import { countKills } from './oom-kills.ts'
import { doesNotFit } from './scratch-room.ts'
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
const MEMORY_LOOK_MS = 50
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
  const scratch = mkdtempSync(join(options.scratch(), WORK))
  const hosts = (index: number) => ({
    folder: dirname(dirname(scratch)),
    own: [folderOfItem(scratch, index), ...(worker.temporary === undefined ? [] : [worker.temporary])],
  })
  const inbox = new Inbox()
  const killer = new Killer(worker, session)
  const printout = new Printout(work.items, worker.secrets.with(secrets), print)
  worker.onPrint = (bytes, stream) => printout.add(bytes, stream)
  worker.onExit = (exit) => {
    printout.close()
    inbox.put({ say: 'died', exit })
  }
  worker.onMessage = (message) => {
    if (message.say !== 'open') return inbox.put(message)
    const { digest } = message.ref
    open(message.ref).then(
      (path) => {
        const stamp = verifiedStamp(digest)
        worker.say({ say: 'opened', digest, path, ...(stamp !== undefined && { stamp }) })
      },
      (error: unknown) => worker.say({ say: 'not-opened', digest, error: errorRecord(error) }),
    )
  }
  const { isUsed } = worker
  worker.isUsed = true
  const killsBefore = countKills()
  worker.say({ say: 'work', work: order, root: options.root, scratch, secrets, marker: printout.marker })

  /** Why the work was stopped. Takes precedence over an error that the stop causes. */
  const verdict = () => (signal.aborted ? errorRecord(signal.reason) : killer.verdict)
  let index = work.items[0]!.index
  let done = false
  let ending: Ending | undefined
  try {
    for (;;) {
      const message = await inbox.next()
      if (message.say === 'done') {
        done = true
        return
      }
      if (message.say === 'ending') {
        ending = message
        continue
      }
      if (message.say === 'died') {
        const { exit } = message
        const about = {
          step: work.step,
          exit,
          worker,
          printout,
          ending,
          killsBefore,
          used: killer.used,
          memory: session.memory,
        }
        const error = verdict() ?? ending?.error ?? maskedJson(crashed(about), secrets)
        return yield { index, ms: 0, error }
      }
      if (message.say === 'unfit') {
        if (isUsed) return
        return yield { index, ms: 0, error: errorRecord(changedMeanwhile()) }
      }
      if (message.say === 'begun') {
        index = message.index
        if (message.loaded) onLoaded?.()
        killer.watch()
      } else {
        killer.rest()
        if (message.loaded) onLoaded?.()
        await printout.readTo(work.items.findIndex(({ index }) => index === message.result.index) + 1, message.closed)
        const { result, filled } = message
        // A body that reacts to the stop signal may throw an error of its own.
        const error = verdict() ?? (filled && doesNotFit(work.step, filled, hosts(result.index)))
        yield error && 'error' in result ? { ...result, error } : result
        rmSync(folderOfItem(scratch, result.index), { recursive: true, force: true })
        // What the item left running could print into the output of the next item.
        if (killer.verdict || message.left || message.closed.length > 0) return
      }
    }
  } finally {
    killer.end()
    if (!done) await worker.kill() // it may still run a body whose result nobody awaits
    worker.onMessage = () => {}
    worker.onExit = () => {}
    worker.onPrint = () => {} // output between two pieces of work belongs to neither
    rmSync(scratch, { recursive: true, force: true })
  }
}

type Message = Exclude<FromWorker, { say: 'open' }> | { readonly say: 'died'; readonly exit: Exit }

/** A queue of messages from the worker process. */
class Inbox {
  readonly #messages: Message[] = []
  #come = Promise.withResolvers<void>()

  put(message: Message): void {
    this.#messages.push(message)
    this.#come.resolve()
  }

  async next(): Promise<Message> {
    while (this.#messages.length === 0) {
      await this.#come.promise
      this.#come = Promise.withResolvers()
    }
    return this.#messages.shift()!
  }
}

/** Stops a process that exceeds its timeout or its memory limit, or whose work is cancelled. */
class Killer {
  /** Why the process was stopped: TIMED_OUT or OUT_OF_MEMORY. Undefined after a cancel. */
  verdict: ErrorRecord | undefined
  /** Memory in use at the last check, in bytes. */
  used = 0
  readonly #worker: WorkerProcess
  readonly #session: SessionOptions
  readonly #looking: NodeJS.Timeout
  #late: NodeJS.Timeout | undefined
  #grace: NodeJS.Timeout | undefined

  constructor(worker: WorkerProcess, session: SessionOptions) {
    this.#worker = worker
    this.#session = session
    this.#looking = setInterval(() => this.#lookAtMemory(), MEMORY_LOOK_MS)
    session.signal.addEventListener('abort', this.#stop)
    const message = `the code of ${session.work.step} was not loaded within ${LOAD_MS / 1000} s`
    this.#late = setTimeout(() => this.#giveUp(new CairnError('TIMED_OUT', message)), LOAD_MS)
  }

  /** Starts the timeout of an item, in place of the time limit for loading. */
  watch(): void {
    const { step, timeoutMs } = this.#session.work
    clearTimeout(this.#late)
    if (timeoutMs !== undefined) this.#late = setTimeout(() => this.#giveUp(timedOut(step, timeoutMs)), timeoutMs)
  }

  /** Ends the timeout of an item. */
  rest(): void {
    clearTimeout(this.#late)
  }

  end(): void {
    clearInterval(this.#looking)
    clearTimeout(this.#late)
    clearTimeout(this.#grace)
    this.#session.signal.removeEventListener('abort', this.#stop)
  }

  #lookAtMemory(): void {
    const { memory, work } = this.#session
    const used = this.#worker.memory() ?? 0
    if (used > 0) this.used = used // a process that has just died uses none
    if (used <= memory) return
    this.#giveUp(
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

  #giveUp(error: CairnError): void {
    this.verdict ??= errorRecord(error)
    this.#stop()
  }

  /** Sends the stop signal, and kills the process after a grace period. */
  readonly #stop = (): void => {
    this.#worker.say({ say: 'stop' })
    this.#grace ??= setTimeout(() => void this.#worker.kill(), GRACE_MS)
  }
}
