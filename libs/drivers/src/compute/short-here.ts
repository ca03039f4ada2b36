import type { Code, Compute, Work } from '@cairn/kernel/runtime'
import { readManifest } from './load-code.ts'

/** How long steps took lately. */
export interface Durations {
  /** The longest of the last calls of a step's body, in milliseconds; undefined for one that is not known. */
  longest(step: string): number | undefined
  add(step: string, ms: number): void
}

/** A body that took this long at most, in milliseconds, each time of late is short. */
const SHORT_MS = 20

/** Runs in this process what is short and needs none of a process's protection; the rest in the pool. */
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
      const chosen = 'inline' in code || (isShort && isHarmless(work)) ? here : pool
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
  return !('inline' in code) && readManifest(code.manifest)?.reaches.length === 0
}
