import { execute } from '@cairn/execute'
import { errorRecord } from '@cairn/records'
import type { LaneResult, LaneWork, Work } from '@cairn/records'
import type { Step } from '@cairn/kernel'

/** Calls a step's body, or its `catch`, as a process that computes does: an error is a result. */
export async function callBody(
  { definition }: Step,
  work: Work,
  lane: LaneWork,
  signal: AbortSignal,
): Promise<LaneResult> {
  const code = { ...definition, ...(definition.catch && { fallback: definition.catch }) } as never
  const remember = () => Promise.reject(new Error())
  const surface = { signal, scratch: '', outbox: '', secrets: {}, root: '', remember }
  try {
    signal.throwIfAborted()
    return { lane: lane.index, ms: 1, outputs: await execute(code, work, lane, surface) }
  } catch (error) {
    return { lane: lane.index, ms: 1, error: errorRecord(error) }
  }
}
