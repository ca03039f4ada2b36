import type { Adoption } from '@cairn/workspace'
import { examine, type Checkup, type CheckupPlace } from '@cairn/maintenance'
import { isTrusted, layout, type ArtifactStore, type Checkpoint, type Clock, type PublicKeys } from '@cairn/records'
import type { Turns } from './turns.ts'
import type { Vouching } from './vouching.ts'

export interface ExaminerHost {
  readonly env: string
  readonly store: ArtifactStore & { digestOf(path: string): Promise<string | undefined> }
  readonly clock: Clock
  readonly turns: Turns
  readonly vouching: Vouching
  /** Who signs checkpoints; as the project says it now. */
  readonly adoption: () => Adoption
}
export interface Examined {
  /** The share of objects whose bytes are read, 0 to 1. */
  readonly bytes: number
  readonly repair: boolean
  /** Where an earlier part left off. */
  readonly after?: CheckupPlace | undefined
}

/** One part ends after so long, and with so many findings. */
const PART_MS = 3_000
const MOST_FINDINGS = 200
/** Altered objects that a part remembers for the records that refer to them. */
const MOST_BROKEN = 1_000

/**
 * Checks the store of services part by part, each a short request of its own, and none while the pipeline is collected.
 * What runs meanwhile is not held up: what it still reads of what is set aside was broken before.
 */
export class Examiner {
  readonly #host: ExaminerHost

  constructor(host: ExaminerHost) {
    this.#host = host
  }

  /** @throws CairnError CONFLICT while another looks at the pipeline, or collects it */
  examine(pipeline: string, { bytes, repair, after }: Examined): Promise<Checkup> {
    const { env, store, clock, turns, vouching, adoption } = this.#host
    const { trusted } = adoption()
    return turns.take(pipeline, async () => {
      const started = clock.monotonic()
      const { next, ...checkup } = await examine(store, layout(env, pipeline), {
        repair,
        share: bytes,
        // Whoever asks must not choose what is retired: what control itself moved away is gone by now.
        ...(after && { from: repair ? { ...after, broken: [] } : after }),
        isEnough: ({ findings }) => findings.length >= MOST_FINDINGS || clock.monotonic() - started > PART_MS,
        digestOf: (path) => store.digestOf(path),
        planFault: (plan) => vouching.faultOf(plan),
        checkpointFault: (checkpoint) => signatureFault(checkpoint, trusted),
      })
      if (next && next.broken.length > MOST_BROKEN)
        checkup.findings.push({
          path: layout(env, pipeline).root,
          what: `more than ${MOST_BROKEN} objects are damaged; not all records that refer to them are listed`,
          repair: 'none: repair these, then check again',
        })
      return { ...checkup, ...(next && { next: { ...next, broken: next.broken.slice(0, MOST_BROKEN) } }) }
    })
  }
}

/** Most checkpoints are signed by no one: they are those of the environment's own stages. */
function signatureFault(checkpoint: Checkpoint, trusted: PublicKeys): string | undefined {
  const by = checkpoint.signature?.by
  if (by === undefined || trusted[by] === undefined || isTrusted(checkpoint, trusted)) return undefined
  return `it does not match the signature of ${by}`
}
