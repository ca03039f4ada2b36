import {
  CairnError,
  errorRecord,
  type CairnError as Misfit,
  type Code,
  type Compute,
  type Manifest,
} from '@cairn/kernel/runtime'
import { readManifest } from './load-code.ts'

export interface FittingOptions {
  /** Why code would be other code here than what its fingerprint counts. */
  readonly misfit: (manifest: Manifest) => Misfit | undefined
  /** Where other hosts may have what this one lacks: told, and thrown, so that the work is left to them. */
  readonly leave?: (step: string, misfit: Misfit) => void
}

/** For so long, in milliseconds, what fitted is not looked at again. */
const LOOK_AFTER_MS = 5_000

/** Computes with the very packages that the key of the work counts, or not at all. */
export function fitting(compute: Compute, { misfit, leave }: FittingOptions): Compute {
  const fitted = new Map<string, number>()
  const misfitOf = (code: Code): Misfit | undefined => {
    if ('inline' in code) return undefined
    const lookedAt = fitted.get(code.fingerprint)
    if (lookedAt !== undefined && performance.now() - lookedAt < LOOK_AFTER_MS) return undefined
    const manifest = readManifest(code.manifest)
    const found = manifest
      ? misfit(manifest)
      : new CairnError('CORRUPT', `the store does not say which packages the code ${code.fingerprint} needs`, {
          next: 'run again: a new plan stores it anew once cairn doctor --repair has taken this away',
        })
    if (!found) fitted.set(code.fingerprint, performance.now())
    return found
  }
  return {
    async *run(work, signal) {
      const found = misfitOf(work.code) ?? (work.fallback && misfitOf(work.fallback))
      if (!found) return yield* compute.run(work, signal)
      leave?.(work.step, found)
      if (leave) throw found
      for (const { index } of work.lanes) yield { lane: index, ms: 0, error: errorRecord(found) }
    },
  }
}
