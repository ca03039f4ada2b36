import type { Plan } from '@cairn/records'
import type { Waiting } from './queue-view.ts'
import type { RunQueue } from './run-queue.ts'

/** How often a run's place in the queue is checked, in milliseconds. */
const POLL_MS = 2_000

/** Sends a run's place in the queue, and each new one, until it starts. @returns a function that stops it */
export function sendQueuePlaces(
  queue: Pick<RunQueue, 'recentView'>,
  plan: Plan,
  send: (wait: Waiting) => void,
): () => void {
  if (!plan.queued) return () => {}
  let sent: string | undefined
  const check = async () => {
    const view = await queue.recentView()
    if (!view.hasTicket(plan) || !view.isWaiting(plan)) return
    const wait = view.waitOf(plan)
    const text = JSON.stringify(wait)
    if (text !== sent) send(wait)
    sent = text
  }
  const timer = setInterval(() => void check().catch(() => {}), POLL_MS) // the next check reports it
  void check().catch(() => {})
  return () => clearInterval(timer)
}
