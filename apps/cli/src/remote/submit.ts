import { randomUUID } from 'node:crypto'
import { duration, type PlanLine, type RunRequest } from '@cairn/workspace'
import type { Busy, ControlOptions } from '@cairn/drivers/store/control'
import { printNotes } from '../terminal/print.ts'
import { postTo } from './control-client.ts'

export async function submitRun(control: ControlOptions, pipeline: string, request: RunRequest): Promise<string> {
  return startOnServices(control, '/v1/pipelines/{pipeline}/runs', { path: { pipeline }, body: request })
}

type Starting = '/v1/pipelines/{pipeline}/runs' | '/v1/pipelines/{pipeline}/runs/{run}/rerun'

/** Starts a run. With its key the request can be repeated after a lost response, and the run never starts twice. */
export async function startOnServices<Path extends Starting>(
  control: ControlOptions,
  path: Path,
  given: Parameters<typeof postTo<Path>>[2],
): Promise<string> {
  const headers = { 'idempotency-key': randomUUID() }
  const { run } = await postTo(control, path, given, { headers, onBusy: busyNote() })
  return run
}

/** Prints why a run does not start yet, and how long this command keeps trying. */
function busyNote(): (busy: Busy) => void {
  let isReported = false
  return ({ why, waitMs, leftMs }) => {
    if (!isReported)
      printNotes(`not started yet: ${why}; retrying every ${duration(waitMs)}, for up to ${duration(leftMs)}`)
    isReported = true
  }
}

/** What the services would reuse or compute, for everything or one item. */
export async function planOn(
  control: ControlOptions,
  pipeline: string,
  request: RunRequest,
  item?: string,
): Promise<readonly PlanLine[]> {
  const { steps } = await postTo(control, '/v1/pipelines/{pipeline}/plan', {
    path: { pipeline },
    body: { ...request, ...(item !== undefined && { item }) },
  })
  return steps as readonly PlanLine[] // JSON within is any
}
