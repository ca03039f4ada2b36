import { execute } from '@cairn/execute'
import { errorRecord, type ItemResult, type ItemWork, type Work } from '@cairn/records'
import type { Step } from '@cairn/kernel'

/** Runs a step's body, or its `catch`, as a compute process does: an error becomes a result. */
export async function callBody(
  { definition }: Step,
  work: Work,
  item: ItemWork,
  signal: AbortSignal,
): Promise<ItemResult> {
  const code = { ...definition, ...(definition.catch && { fallback: definition.catch }) } as never
  const remember = () => Promise.reject(new Error())
  const environment = { signal, scratch: '', outbox: '', secrets: {}, root: '', remember }
  try {
    signal.throwIfAborted()
    return { index: item.index, ms: 1, outputs: await execute(code, work, item, environment) }
  } catch (error) {
    return { index: item.index, ms: 1, error: errorRecord(error) }
  }
}
