import type { Code, Compute, Work } from '@cairn/records'
import { readManifest } from './load-code.ts'

/** How long steps took lately. */
export interface Durations {
  /** The longest of the last calls of a step's body, in milliseconds; undefined for one that is not known. */
  longest(step: string): number | undefined
  add(step: string, ms: number): void
}

/** As the pool's processes do: `toLocaleString()` must not depend on where a body runs, and a process keeps its locale. */
const SPEAKS_ENGLISH = new Intl.NumberFormat().resolvedOptions().locale === 'en-US'

/** A body that took this long at most, in milliseconds, each time of late is short. */
const SHORT_MS = 20

/**
 * Runs in this process what is short, needs none of a process's protection and finds the packages that it is to have; the
 * rest in the pool, whose processes can be replaced.
 */
export function shortHere(here: Compute, pool: Compute, durations: Durations): Compute {
  const harmless = new Map<string, boolean>()
  const isHarmless = (work: Work) => {
    const name = [work.code, work.fallback].map((code) => code && 'fingerprint' in code && code.fingerprint).join()
    if (!harmless.has(name)) harmless.set(name, needsNoProtection(work))
    return harmless.get(name)!
  }
  return {
    async *run(work, signal) {
      const { step, code } = work
      const isShort = (durations.longest(step) ?? Infinity) < SHORT_MS
      const isHere = isShort && SPEAKS_ENGLISH && isHarmless(work) && areAsLoaded(work)
      const chosen = 'inline' in code || isHere ? here : pool
      for await (const result of chosen.run(work, signal)) {
        if (!('error' in result)) durations.add(step, result.ms)
        yield result
      }
    },
  }
}

/**
 * Whether a step neither declares a need for protection nor reaches anything outside itself, its own console included;
 * nor does its fallback.
 */
function needsNoProtection({ code, fallback, source, secrets, timeoutMs, memory }: Work): boolean {
  if (source || secrets.length > 0 || timeoutMs !== undefined || memory !== undefined) return false
  return [code, fallback ?? code].every(reachesNothing)
}

function reachesNothing(code: Code): boolean {
  return !('inline' in code) && readManifest(code)?.reaches.length === 0
}

/** Whether whatever this process may have loaded of the packages is what they are now: it never loads a module again. */
function areAsLoaded({ packages = {} }: Work): boolean {
  return Object.values(packages).every(({ changedAt }) => changedAt < STARTED_AT - CLOCKS_DIFFER_MS)
}

const STARTED_AT = performance.timeOrigin
/** By so much, in milliseconds, times of files may be ahead of or behind this process's clock. */
const CLOCKS_DIFFER_MS = 2_000
