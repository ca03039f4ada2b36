import { hostname } from 'node:os'
import { CairnError } from '@cairn/kernel'
import { errorRecord, type ErrorRecord } from '@cairn/records'
import { startFault } from './host-faults.ts'
import { megabytes } from './megabytes.ts'
import { countKills, killedSince, type Kills } from './oom-kills.ts'
import type { WorkerOutput } from './worker-output.ts'
import type { FromWorker } from './protocol.ts'
import type { Exit, WorkerProcess } from './worker-process.ts'

/** The last message of a process before it exits. */
export type Ending = Extract<FromWorker, { type: 'ending' }>

export interface Crash {
  readonly step: string
  readonly exit: Exit
  readonly worker: Pick<WorkerProcess, 'heap' | 'failure'>
  readonly output: Pick<WorkerOutput, 'lastLines'>
  readonly ending: Ending | undefined
  /** Counts of the kernel's OOM killer when the work began. */
  readonly killsBefore: Kills
  /** Memory in use at the last check, in bytes. */
  readonly used: number
  /** Memory limit in bytes. */
  readonly memory: number
}

/** Returns why a worker process ended that the pool did not end: HOST_FAILED, OUT_OF_MEMORY or STEP_CRASHED. */
export function crashError(crash: Crash): ErrorRecord {
  const { step, exit, worker, output, ending } = crash
  const { code, signal } = exit
  if (worker.failure !== undefined) return errorRecord(startFault(step, worker.failure))
  const { lastLines } = output

  if (/heap (limit|out of memory)|invalid array length/i.test(lastLines.join('\n')) && signal === 'SIGABRT')
    return errorRecord(
      new CairnError(
        'OUT_OF_MEMORY',
        `${step} exceeded the limit of ${megabytes(worker.heap)} for JavaScript objects`,
        {
          next: 'raise its limit, memory: "8GB", or process less data at a time',
        },
      ),
    )
  if (signal === 'SIGKILL') return errorRecord(killedError(crash))
  const how = signal ? `was killed (${signal})` : `exited with code ${code}`
  const words = lastLinesOf(crash)
  const next =
    ending?.stack === undefined
      ? undefined
      : 'return the result of the step, or throw an error, instead of ending the process'
  const error = new CairnError('STEP_CRASHED', `the process that ran ${step} ${how}${words && `: ${words}`}`, { next })
  return { ...errorRecord(error), ...(ending?.stack !== undefined && { stack: ending.stack }) }
}

/**
 * Returns the error for a SIGKILL. It comes from the OOM killer of the kernel, which prints nothing, or from someone
 * else.
 */
function killedError(crash: Crash): CairnError {
  const { step, used, memory, killsBefore } = crash
  const since = killedSince(killsBefore, countKills())
  const what = `the process that ran ${step} was killed (SIGKILL)`
  const memoryText = `${used > 0 ? `it used ${megabytes(used)}, and its limit is` : 'its limit is'} ${megabytes(memory)}`
  if (since === 'nobody') {
    const words = lastLinesOf(crash)
    return new CairnError(
      'STEP_CRASHED',
      `${what}, but not by Cairn, and probably by the system because memory ran out; ${memoryText}${words && `: ${words}`}`,
      { next: 'find out what killed it: dmesg | grep -i kill; journalctl -u systemd-oomd' },
    )
  }
  const who =
    since === 'here'
      ? 'by the kernel, because memory ran out'
      : 'probably because memory ran out: the kernel killed a process'
  return new CairnError('OUT_OF_MEMORY', `${what} ${who}; ${memoryText}, and ${hostname()} had no free memory`, {
    next: 'give the machine or container more memory, run fewer steps at a time, or declare what the step needs: memory: "2GB"',
  })
}

function lastLinesOf({ output: { lastLines } }: Crash): string {
  return withoutSource(lastLines).filter(isInformative).slice(-3).join(' | ')
}

/** Removes what Node prints before an uncaught error: the location, the line of code and the line with carets. */
function withoutSource(lines: readonly string[]): string[] {
  const carets = lines.flatMap((line, at) => (/^\s*\^+\s*$/.test(line) ? [at] : []))
  const isPlace = (line: string | undefined) => line !== undefined && /:\d+$/.test(line)
  const left = new Set(carets.flatMap((at) => [at, at - 1, ...(isPlace(lines[at - 2]) ? [at - 2] : [])]))
  return lines.filter((_, at) => !left.has(at))
}

/** Returns false for empty lines and for what Node prints after an uncaught error: stack frames and its version. */
function isInformative(line: string): boolean {
  return !/^(\s*|\s+at .*|Node\.js v[\d.]+)$/.test(line)
}
