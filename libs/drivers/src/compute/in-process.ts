import {
  CairnError,
  errorRecord,
  execute,
  type Compute,
  type LaneResult,
  type LaneWork,
  type Step,
  type Work,
} from '@cairn/kernel/runtime'
import { laneFolders, type LaneFolders } from './folders.ts'
import { codeOf } from './load-code.ts'
import type { ComputeOptions } from './options.ts'
import { inProject } from './stack.ts'
import { redact, secretsFor, type Secrets } from './secrets.ts'

/** Lets the event loop turn at least so often, in milliseconds, between short bodies. */
const TURN_MS = 10

export interface InProcessOptions extends ComputeOptions {
  /** Steps of this process, for those that have no stored code. */
  readonly live: ReadonlyMap<string, Step>
}

/**
 * Runs bodies in this process: no start-up, no copies, but also no protection. A body that computes without a pause
 * holds everything else up, and only one that awaits can be stopped.
 */
export function inProcess(options: InProcessOptions): Compute {
  let turned = performance.now()
  process.env['TZ'] = 'UTC' // as in the pool's processes: a date must not depend on where a body runs
  return {
    async *run(work, signal) {
      for (const lane of work.lanes) {
        if (performance.now() - turned > TURN_MS) {
          await new Promise(setImmediate)
          turned = performance.now()
        }
        const folders = laneFolders(options.scratch)
        try {
          yield await runLane(work, lane, signal, folders, options)
        } finally {
          folders.remove()
        }
      }
    },
  }
}

async function runLane(
  work: Work,
  lane: LaneWork,
  signal: AbortSignal,
  folders: LaneFolders,
  options: InProcessOptions,
): Promise<LaneResult> {
  let started = performance.now()
  let secrets: Secrets = {}
  try {
    signal.throwIfAborted()
    secrets = secretsFor(work, options.secrets)
    const { root, remember } = options
    const code = await codeOf(work, root, options.live)
    started = performance.now()
    const outputs = await within(work, signal, (stop) => {
      const surface = {
        signal: stop,
        secrets,
        root,
        remember,
        get scratch() {
          return folders.scratch
        },
        get outbox() {
          return folders.outbox
        },
      }
      return execute(code, work, lane, surface)
    })
    return { lane: lane.index, ms: performance.now() - started, outputs }
  } catch (error) {
    const record = errorRecord(signal.aborted ? signal.reason : error)
    return {
      lane: lane.index,
      ms: performance.now() - started,
      error: redact(inProject(record, options.root), secrets),
    }
  }
}

/** Runs a body that is told when to stop, and goes on without it when it does not. */
async function within<Result>(
  { step, timeoutMs }: Pick<Work, 'step' | 'timeoutMs'>,
  signal: AbortSignal,
  body: (stop: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const late = new AbortController()
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => late.abort(timedOut(step, timeoutMs)), timeoutMs)
  const stop = timer === undefined ? signal : AbortSignal.any([signal, late.signal])
  const stopped = Promise.withResolvers<never>()
  const leave = () => stopped.reject(stop.reason)
  stop.addEventListener('abort', leave)
  try {
    return await Promise.race([body(stop), stopped.promise])
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', leave)
  }
}

export function timedOut(step: string, timeoutMs: number): CairnError {
  return new CairnError('TIMED_OUT', `${step} took longer than its time-out of ${timeoutMs / 1000} s`, {
    next: 'give it more time, timeout: "10m", or find out what it waits for',
  })
}
