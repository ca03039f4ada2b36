import type { Adoption } from '@cairn/workspace'
import { examine, type Checkup, type CheckupPlace } from '@cairn/maintenance'
import { isTrusted, layout, type ArtifactStore, type Checkpoint, type Clock, type PublicKeys } from '@cairn/records'
import type { PipelineLocks } from './pipeline-locks.ts'
import type { PlanSigning } from './plan-signing.ts'

export interface ExaminerHost {
  readonly env: string
  readonly store: ArtifactStore & { digestOf(path: string): Promise<string | undefined> }
  readonly clock: Clock
  readonly locks: PipelineLocks
  readonly planSigning: PlanSigning
  /** The services that the project currently trusts. */
  readonly adoption: () => Adoption
  /** Called after records of a pipeline may have been moved. */
  readonly onRepair: (pipeline: string) => void
}
export interface Examined {
  /** The share of objects whose bytes are read, 0 to 1. */
  readonly bytes: number
  readonly repair: boolean
  /** Where the previous part stopped. */
  readonly after?: CheckupPlace | undefined
}

/** Limits of one part: milliseconds and findings. */
const PART_MS = 3_000
const MAX_FINDINGS = 200
/** Maximum number of damaged objects that are passed to later parts, to find the records that refer to them. */
const MAX_BROKEN = 1_000

/**
 * Checks the store of services part by part in short requests, and never while the pipeline is being collected.
 * Runs continue meanwhile: a repair only moves data away that was already damaged.
 */
export class Examiner {
  readonly #host: ExaminerHost

  constructor(host: ExaminerHost) {
    this.#host = host
  }

  /** @throws CairnError CONFLICT while the pipeline is being checked or collected */
  examine(pipeline: string, { bytes, repair, after }: Examined): Promise<Checkup> {
    const { env, store, clock, locks, planSigning, adoption, onRepair } = this.#host
    const { trusted } = adoption()
    return locks.run(pipeline, async () => {
      const started = clock.monotonic()
      const { next, ...checkup } = await examine(store, layout(env, pipeline), {
        repair,
        share: bytes,
        // The caller must not choose what a repair retires; objects that control moved away itself are gone by now.
        ...(after && { from: repair ? { ...after, broken: [] } : after }),
        isEnough: ({ findings }) => findings.length >= MAX_FINDINGS || clock.monotonic() - started > PART_MS,
        digestOf: (path) => store.digestOf(path),
        planFault: (plan) => planSigning.faultOf(plan),
        checkpointFault: (checkpoint) => signatureFault(checkpoint, trusted),
      })
      if (repair) onRepair(pipeline)
      if (next && next.broken.length > MAX_BROKEN)
        checkup.findings.push({
          path: layout(env, pipeline).root,
          what: `more than ${MAX_BROKEN} objects are damaged; not all records that refer to them are listed`,
          repair: 'none: repair these, then check again',
        })
      return { ...checkup, ...(next && { next: { ...next, broken: next.broken.slice(0, MAX_BROKEN) } }) }
    })
  }
}

/** Unsigned checkpoints are fine: they come from the environment's own stages. */
function signatureFault(checkpoint: Checkpoint, trusted: PublicKeys): string | undefined {
  const by = checkpoint.signature?.by
  if (by === undefined || trusted[by] === undefined || isTrusted(checkpoint, trusted)) return undefined
  return `it does not match the signature of ${by}`
}
