import type { Change } from '@cairn/fingerprint'
import type { ArtifactRef, Json } from '@cairn/kernel'
import type { Reason } from '@cairn/planner'
import { errorLine } from '@cairn/records'
import { changedTexts } from './changed-text.ts'
import { changesText } from './explain-code.ts'
import { artifact, duration, escaped, when } from './format.ts'

/** Why a node or an item is reused, computed, skipped or taken from elsewhere. */
export type PlanReason =
  | OneReason
  /** A run would no longer give the outputs that are taken from elsewhere. */
  | { readonly because: 'stale'; readonly reasons: readonly OneReason[] }

/** A reason that holds no others. */
export type OneReason =
  | Exclude<Reason, { readonly because: 'code' }>
  /** The step's code changed; no changes are listed when the store no longer knows the earlier code. */
  | { readonly because: 'code'; readonly changes: readonly Change[] }
  /** Nothing changed, but the earlier run has no result: how its task ended. */
  | { readonly because: 'failed' | 'caught' | 'timed out' }
  /** A checkpoint is reused: when it was computed (ms since 1970), how long that took (ms), and its outputs. */
  | {
      readonly because: 'reused'
      readonly computedAt: number
      readonly ms: number
      readonly outputs: readonly ArtifactRef[]
    }
  /** The outputs are those of another run. */
  | { readonly because: 'given'; readonly from: string }
  /** An output was set by hand. */
  | { readonly because: 'taint'; readonly output: string; readonly how: string }
  /** The items are not known before the run. */
  | { readonly because: 'unknown items' }
  /** The item takes the other arm of this `when`. */
  | { readonly because: 'other arm'; readonly when: string }

/** Formats reasons, a line each. @param timeZone IANA name, of the moments that they name */
export function reasonTexts(reasons: readonly PlanReason[], timeZone: string): string[] {
  return reasons.flatMap((reason) => textsOf(reason, timeZone))
}

function textsOf(reason: PlanReason, timeZone: string): string[] {
  switch (reason.because) {
    case 'code':
      return changesText(reason.changes)
    case 'stale': {
      const texts = reasonTexts(reason.reasons, timeZone)
      return [texts.length > 0 ? `STALE: ${texts.join('; ')}` : 'STALE']
    }
    case 'reused':
      return [
        `computed ${when(reason.computedAt, timeZone)} in ${duration(reason.ms)}  ${reason.outputs.map(artifact).join(', ')}`,
      ]
    case 'parameter':
      return [`params.${reason.name} ${changedTexts(reason.before, reason.after).join(' -> ')}`]
    case 'source':
      return [`source ${reason.name} changed: ${short(reason.before)} -> ${short(reason.after)}`]
    case 'input':
      return [`input ${reason.input} ${reason.certain ? 'changed' : 'may change'} (${reason.from})`]
    case 'unread input':
      return [`input ${reason.input} comes from ${reason.source}, which fails: ${escaped(errorLine(reason.error))}`]
    case 'unread':
      return [escaped(errorLine(reason.error))]
    case 'branch':
      return [`${reason.when} decides during the run whether this step runs`]
    case 'given':
      return [`from run ${reason.from}`]
    case 'taint':
      return [`${reason.output} ${reason.how}`]
    case 'other arm':
      return [`${reason.when} takes the other arm`]
    case 'never':
      return [reason.text]
    default:
      return [PLAIN[reason.because]]
  }
}

const PLAIN = {
  new: 'first run of this step',
  'new item': 'the previous run did not have this item',
  outputs: 'the step declares different outputs',
  expired: 'its checkpoint has expired',
  'of later': 'its checkpoint is dated in the future: check the clock of this machine',
  forced: 'forced to run again',
  'object missing': 'its checkpoint refers to a missing object',
  altered: 'its checkpoint was damaged or modified',
  failed: 'it failed in the previous run',
  caught: 'it failed in the previous run; results of a catch are not kept',
  'timed out': 'it timed out in the previous run',
  unfinished: 'it did not finish in the previous run',
  'unknown items': 'its items are not known before the run',
} as const

function short(version: Json | undefined): string {
  const text = typeof version === 'string' ? version : 'none'
  return text.length > 16 ? `${text.slice(0, 12)}…` : text
}
