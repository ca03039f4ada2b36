import { CairnError, contentOf, type ArtifactRef } from '@cairn/kernel'
import {
  storeCheckpoint,
  storeArtifact,
  RECORD_VERSION,
  signed,
  type Checkpoint,
  type ItemWork,
  type EncodedArtifact,
  type Outcome,
} from '@cairn/records'
import type { Job } from './job.ts'

/**
 * Commits an item's outputs and retries for a few seconds, so that a short outage of the store does not cost hours of
 * work.
 *
 * @param stale an unusable checkpoint to replace
 */
export async function commitWithRetries(
  job: Job,
  item: ItemWork,
  made: Readonly<Record<string, EncodedArtifact>>,
  ms: number,
  stale: Uint8Array | undefined,
): Promise<Outcome> {
  const stored = new Set<string>()
  for (let wait = 100; ; wait *= 4)
    try {
      return await commit(job, item, made, ms, stale, stored)
    } catch (error) {
      if (wait > 5_000 || isBodyError(error)) throw error
      await job.host.clock.sleep(wait, job.run.signal)
    }
}

/** Whether an output could not be stored because of the step body. */
export function isBodyError(error: unknown): boolean {
  return error instanceof CairnError && error.code === 'BAD_OUTPUT'
}

/** Stores an item's outputs and, unless the step's results are never reused, its checkpoint. */
async function commit(
  job: Job,
  item: ItemWork,
  made: Readonly<Record<string, EncodedArtifact>>,
  ms: number,
  stale: Uint8Array | undefined,
  stored: Set<string>,
): Promise<Outcome> {
  const { host, run, task, node, step } = job
  const outputs = await storeOutputs(job, made, stored)
  if (!job.cached || 'inline' in step.code) return { status: 'completed', how: 'computed', outputs, ms }
  const checkpoint: Checkpoint = {
    v: RECORD_VERSION,
    step: node.step,
    key: item.key,
    fingerprint: step.code.fingerprint,
    code: step.code.digest,
    params: node.params,
    inputs: Object.fromEntries(Object.entries(item.inputs).map(([name, ref]) => [name, contentOf(ref)])),
    ...(node.versions && { versions: node.versions }),
    outputs,
    producer: { run: run.plan.run, task, host: host.name },
    computedAt: host.clock.now(),
    ms,
    generation: 0,
  }
  const valid = await storeCheckpoint(
    host.store,
    run.at,
    host.identity ? signed(checkpoint, host.identity) : checkpoint,
    {
      ...(stale && { stale }),
      ...(node.force && { force: true }),
    },
  )
  return { status: 'completed', how: 'computed', key: item.key, outputs: valid.outputs, ms }
}

/**
 * Stores outputs and returns their references, by name.
 *
 * @param stored digests that earlier tries have stored
 */
export async function storeOutputs(
  { host, run }: Job,
  made: Readonly<Record<string, EncodedArtifact>>,
  stored?: Set<string>,
): Promise<Record<string, ArtifactRef>> {
  const outputs: Record<string, ArtifactRef> = {}
  for (const [name, output] of Object.entries(made))
    outputs[name] = await storeArtifact(host.store, run.at, output, stored)
  return outputs
}
