import type { Code, Compute, Work } from '@cairn/records'
import type { Durations } from './durations.ts'
import { readManifest } from './load-code.ts'

/** Whether this process formats numbers and dates as the pool's processes do. A process cannot change its locale. */
const HAS_POOL_LOCALE = new Intl.NumberFormat().resolvedOptions().locale === 'en-US'

/** A body is short if each of its recent calls took less than this, in milliseconds. */
const SHORT_MS = 20

/**
 * Runs a body in this process if it is short, needs no isolation and finds the right packages here. Runs other bodies
 * in the pool, whose processes can be replaced. Steps without stored code always run in this process.
 */
export function shortBodiesInProcess(
  inProcess: Compute,
  pool: Compute,
  durations: Pick<Durations, 'longest'>,
): Compute {
  const isolationKnown = new Map<string, boolean>()
  const needsNoIsolation = (work: Work) => {
    const name = [work.code, work.fallback].map((code) => code && 'fingerprint' in code && code.fingerprint).join()
    if (!isolationKnown.has(name)) isolationKnown.set(name, reachNothing(work))
    return isolationKnown.get(name)!
  }
  return {
    async *run(work, signal) {
      const { step, code } = work
      const isShort = (durations.longest(step) ?? Infinity) < SHORT_MS
      const isInProcess = isShort && HAS_POOL_LOCALE && isUnlimited(work) && needsNoIsolation(work) && areAsLoaded(work)
      yield* ('inline' in code || isInProcess ? inProcess : pool).run(work, signal)
    },
  }
}

/** Whether the step declares no source, secret, timeout or memory limit. Steps with the same code may differ in these. */
function isUnlimited({ source, secrets, timeoutMs, memory }: Work): boolean {
  return !source && secrets.length === 0 && timeoutMs === undefined && memory === undefined
}

/** Whether the code of a step and its fallback reaches nothing outside itself, not even the console. */
function reachNothing({ code, fallback = code }: Work): boolean {
  return [code, fallback].every(reachesNothing)
}

function reachesNothing(code: Code): boolean {
  return !('inline' in code) && readManifest(code)?.reaches.length === 0
}

/**
 * Returns whether the packages are unchanged since this process started. It may have loaded them since, and never loads
 * a module again.
 */
function areAsLoaded({ packages = {} }: Work): boolean {
  return Object.values(packages).every(({ changedAt }) => changedAt < STARTED_AT - MAX_CLOCK_SKEW_MS)
}

const STARTED_AT = performance.timeOrigin
/** Maximum difference between file times and the clock of this process, in milliseconds. */
const MAX_CLOCK_SKEW_MS = 2_000
