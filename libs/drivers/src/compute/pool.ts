import { availableParallelism, totalmem } from 'node:os'
import { CairnError } from '@cairn/kernel'
import { errorRecord, type Compute, type ItemResult } from '@cairn/records'
import { secretsFor } from '@cairn/secrets'
import { faultOfHost } from './host-faults.ts'
import type { ComputeOptions } from './options.ts'
import { runInWorker } from './session.ts'
import { Slots } from './slots.ts'
import { WorkerProcess } from './worker-process.ts'

export interface PoolOptions extends ComputeOptions {
  /** Processes that compute at one time. Default: one for each core. */
  readonly size?: number
  /** Bytes that a body may use whose step does not say. Default: three quarters of the machine's memory. */
  readonly memory?: number
  /** How long a process may wait for work before it gives back its memory, in milliseconds. Default: for ever. */
  readonly idle?: number
}

export interface Pool extends Compute {
  /** Starts a process ahead of the work that is about to come. */
  warm(): void
  close(): void
}

/** The most that JavaScript objects may take in a process whose step does not ask for more. */
const HEAP_BYTES = 4e9
/** A process that holds more than this after its work is replaced, so that the memory is given back. */
const KEEP_BYTES = 1e9
/** Or more than this share of what the next work may use. */
const KEEP_SHARE = 0.5

/**
 * Runs bodies in warm processes of their own: they cannot hold up whoever hosts them, can be stopped at any point, and
 * are held to a limit of memory, whatever kind of memory it is.
 */
export function processPool(options: PoolOptions): Pool {
  const { size = availableParallelism(), memory = memoryHere() * 0.75 } = options
  const slots = new Slots(size)
  const workers = new Workers(size, options)
  const closed = new AbortController()
  return {
    warm() {
      if (!closed.signal.aborted) workers.warm()
    },
    close() {
      closed.abort(new CairnError('CANCELLED', 'the pool of processes was closed'))
      workers.close()
    },
    async *run(work, cancelled) {
      const signal = AbortSignal.any([cancelled, closed.signal])
      const waiting = new Set(work.items.map(({ index }) => index))
      try {
        await slots.take(signal)
        try {
          const secrets = secretsFor(work.step, work.secrets, options.secrets, options.whereSet)
          // A process that dies takes one item with it; the others go on in the next.
          while (waiting.size > 0) {
            signal.throwIfAborted()
            const items = work.items.filter(({ index }) => waiting.has(index))
            const limit = work.memory ?? memory
            const worker = workers.take(work.memory ?? 0, limit)
            try {
              const session = { work: { ...work, items }, memory: limit, secrets, signal, options }
              for await (const result of runInWorker(worker, session)) {
                waiting.delete(result.index)
                yield result
              }
            } finally {
              workers.giveBack(worker)
            }
          }
        } finally {
          slots.free()
        }
      } catch (error) {
        const told = errorRecord(faultOfHost(error) ?? error)
        for (const index of waiting) yield { index, ms: 0, error: told } satisfies ItemResult
      }
    },
  }
}

/** The pool's processes: those at work, and those that wait for some. */
class Workers {
  readonly #size: number
  readonly #options: PoolOptions
  readonly #all = new Set<WorkerProcess>()
  readonly #idle: WorkerProcess[] = []

  constructor(size: number, options: PoolOptions) {
    this.#size = size
    this.#options = options
  }

  warm(): void {
    if (this.#all.size === 0) this.giveBack(this.#start(HEAP_BYTES))
  }

  /** @param limit of the work to come, in bytes: what earlier work has left in the process would count, too */
  take(heap: number, limit: number): WorkerProcess {
    for (const worker of this.#idle)
      if (worker.outdated || (worker.memory() ?? 0) > limit * KEEP_SHARE) void worker.kill()
    const at = this.#idle.findIndex((worker) => worker.heap >= heap && worker.usable)
    const worker = at < 0 ? this.#start(Math.max(heap, HEAP_BYTES)) : this.#idle.splice(at, 1)[0]!
    worker.rest(false)
    return worker
  }

  giveBack(worker: WorkerProcess): void {
    if (!worker.usable) return
    if ((worker.memory() ?? 0) > KEEP_BYTES || this.#idle.length >= this.#size) return void worker.kill()
    worker.rest(true, this.#options.idle)
    this.#idle.push(worker)
  }

  close(): void {
    for (const worker of this.#all) void worker.kill()
  }

  #start(heap: number): WorkerProcess {
    const worker = new WorkerProcess(heap, this.#options, () => {
      this.#all.delete(worker)
      const at = this.#idle.indexOf(worker)
      if (at >= 0) this.#idle.splice(at, 1)
    })
    this.#all.add(worker)
    return worker
  }
}

/** Bytes of memory that this process may use: the machine's or, in a container, the container's. */
function memoryHere(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity)
}
