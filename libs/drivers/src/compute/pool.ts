import { availableParallelism, totalmem } from 'node:os'
import { CairnError } from '@cairn/kernel'
import { errorRecord, type Compute, type ItemResult } from '@cairn/records'
import { secretsFor } from '@cairn/secrets'
import { hostFaultOf } from './host-faults.ts'
import type { ComputeOptions } from './options.ts'
import { runInWorker } from './session.ts'
import { Semaphore } from './semaphore.ts'
import { WorkerProcess } from './worker-process.ts'

export interface PoolOptions extends ComputeOptions {
  /** Maximum number of processes that compute at once. Default: one per core. */
  readonly size?: number
  /** Memory limit, in bytes, for steps that declare none. Default: three quarters of the machine's memory. */
  readonly memory?: number
  /** Milliseconds after which an idle process is ended to free its memory. Default: never. */
  readonly idle?: number
}

export interface Pool extends Compute {
  /** Starts a process before there is work for it, unless the pool has one. */
  warm(): void
  /** Kills all processes and cancels all work. */
  close(): void
}

/** Limit for JavaScript objects in a process, in bytes, unless its step declares more memory. */
const HEAP_BYTES = 4e9
/** A process that uses more memory than this after its work, in bytes, is ended to free the memory. */
const KEEP_BYTES = 1e9
/** An idle process that uses more than this share of the memory limit of the next work is ended, too. */
const KEEP_SHARE = 0.5

/**
 * Runs bodies in warm worker processes. A body cannot block its host and can be stopped at any point. Its memory limit
 * covers all of its memory, not only JavaScript objects.
 */
export function processPool(options: PoolOptions): Pool {
  const { size = availableParallelism(), memory = memoryHere() * 0.75 } = options
  const semaphore = new Semaphore(size)
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
        await semaphore.take(signal)
        try {
          const secrets = secretsFor(work.step, work.secrets, options.secrets, options.whereSet)
          // If a process dies, only its current item fails. The remaining items run in the next process.
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
              workers.putBack(worker)
            }
          }
        } finally {
          semaphore.release()
        }
      } catch (error) {
        const reported = errorRecord(hostFaultOf(error) ?? error)
        for (const index of waiting) yield { index, ms: 0, error: reported } satisfies ItemResult
      }
    },
  }
}

/** The processes of a pool, busy and idle. */
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
    if (this.#all.size === 0) this.putBack(this.#start(HEAP_BYTES))
  }

  /**
   * Returns an idle process that suits the work, or starts one.
   *
   * @param heap minimum of the limit for JavaScript objects, in bytes
   * @param limit memory limit of the work, in bytes. Memory that earlier work left in use counts towards it.
   */
  take(heap: number, limit: number): WorkerProcess {
    for (const worker of this.#idle)
      if (worker.outdated || (worker.memory() ?? 0) > limit * KEEP_SHARE) void worker.kill()
    const at = this.#idle.findIndex((worker) => worker.heap >= heap && worker.usable)
    const worker = at < 0 ? this.#start(Math.max(heap, HEAP_BYTES)) : this.#idle.splice(at, 1)[0]!
    worker.setIdle(false)
    return worker
  }

  putBack(worker: WorkerProcess): void {
    if (!worker.usable) return
    if ((worker.memory() ?? 0) > KEEP_BYTES || this.#idle.length >= this.#size) return void worker.kill()
    worker.setIdle(true, this.#options.idle)
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

/** Returns the memory that this process may use, in bytes: that of the machine or, in a container, of the container. */
function memoryHere(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity)
}
