import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PlanLine, RunRequest } from '@cairn/embedded'
import { CairnError, jsonText } from '@cairn/kernel/runtime'
import { askControl, type ControlOptions } from '@cairn/drivers/store/control'

/** Planning reads the sources. Milliseconds. */
const PLANNING_MS = 150_000
const TRIES = 5
const AGAIN_MS = 500

export async function submitRun(control: ControlOptions, pipeline: string, request: RunRequest): Promise<string> {
  return start(control, `/v1/pipelines/${pipeline}/runs`, request)
}

/** Starts a run; an answer that is lost is asked for again under the same key, so that it is never started twice. */
export async function start(control: ControlOptions, path: string, request: object): Promise<string> {
  const key = randomUUID()
  for (let left = TRIES; ; left--) {
    try {
      const { run } = await post<{ run: string }>(control, path, request, { 'idempotency-key': key })
      return run
    } catch (error) {
      if (left === 1 || !(error instanceof CairnError) || error.code !== 'BUS_FAILED') throw error
      await sleep(AGAIN_MS)
    }
  }
}

/** What the services would reuse and compute; of one item alone where that is named. */
export async function planOn(
  control: ControlOptions,
  pipeline: string,
  request: RunRequest,
  timeZone: string,
  item?: string,
): Promise<readonly PlanLine[]> {
  const { steps } = await post<{ steps: PlanLine[] }>(control, `/v1/pipelines/${pipeline}/plan`, {
    ...request,
    timeZone,
    item,
  })
  return steps
}

export async function post<Answer>(
  control: ControlOptions,
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
  deadline: number | null = PLANNING_MS,
): Promise<Answer> {
  const answer = await askControl(control, path, {
    method: 'POST',
    body: jsonText(body),
    headers: { 'content-type': 'application/json', ...headers },
    deadline,
  })
  return (await answer.json()) as Answer
}
