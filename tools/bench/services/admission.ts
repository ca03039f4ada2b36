import { randomUUID } from 'node:crypto'
import type { Figure } from '../lab.ts'
import { megabytes, quantile } from './figures.ts'
import type { ControlProcess, ServicesLab } from './lab.ts'

const CLIENTS = 24
const LEAST_PLANS = 30
const MOST_SUBMIT_MS = 300
/** How much more memory after the second half of the requests than after the first. */
const MOST_GROWTH = 0.1

/** What control takes on: plans a second, how long a run's start takes, and the memory of all its processes. */
export async function admission(lab: ServicesLab, requests: number): Promise<Figure[]> {
  const control = await lab.startControl()
  await load(control, 'plan', CLIENTS) // the first finds nothing loaded
  const plans = await load(control, 'plan', requests)
  const half = control.memory
  const starts = await load(control, 'runs', requests)
  const whole = control.memory
  await control.stop()
  const rate = (requests * 1000) / plans.ms
  const p99 = quantile(starts.each, 0.99)
  const growth = whole / half - 1
  return [
    {
      what: `plans/s of a pipeline of five steps, ${CLIENTS} clients`,
      cairn: rate.toFixed(1),
      floor: `p50 ${quantile(plans.each, 0.5).toFixed(0)} ms, p99 ${quantile(plans.each, 0.99).toFixed(0)} ms`,
      aim: `>= ${LEAST_PLANS}`,
      met: rate >= LEAST_PLANS,
    },
    {
      what: `the start of a run, p99, ${CLIENTS} clients`,
      cairn: `${p99.toFixed(0)} ms`,
      floor: `p50 ${quantile(starts.each, 0.5).toFixed(0)} ms, ${((requests * 1000) / starts.ms).toFixed(1)}/s`,
      aim: `<= ${MOST_SUBMIT_MS} ms`,
      met: p99 <= MOST_SUBMIT_MS,
    },
    {
      what: `memory of control and its planners, after ${requests} plans and after as many starts more`,
      cairn: megabytes(whole),
      floor: megabytes(half),
      ratio: whole / half,
      aim: `<= ${1 + MOST_GROWTH}x`,
      met: growth <= MOST_GROWTH,
    },
  ]
}

/** So many requests by all clients, each of which sends the next when it has its answer. */
async function load(
  { url, token }: ControlProcess,
  what: 'plan' | 'runs',
  requests: number,
): Promise<{ readonly ms: number; readonly each: readonly number[] }> {
  const each: number[] = []
  let sent = 0
  const client = async () => {
    while (sent < requests) {
      const seed = sent++
      const startedAt = performance.now()
      const answer = await fetch(`${url}/v1/pipelines/five/${what}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'idempotency-key': randomUUID(),
        },
        body: JSON.stringify({ settings: { seed } }),
      })
      if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`)
      await answer.arrayBuffer()
      each.push(performance.now() - startedAt)
    }
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return { ms: performance.now() - startedAt, each }
}
