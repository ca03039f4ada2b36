import type { Plan } from '@cairn/records'
import type { Waiting } from './queue-view.ts'
import type { RunQueue } from './run-queue.ts'

/** How often a run's place in the queue is checked, in milliseconds. */
const LOOK_MS = 2_000

/** Sends a run's place in the queue, and each new one, until it starts. @returns a function that stops it */
export function sendPlaces(queue: Pick<RunQueue, 'recentView'>, plan: Plan, tell: (wait: Waiting) => void): () => void {
  if (!plan.queued) return () => {}
  let sent: string | undefined
  const look = async () => {
    const view = await queue.recentView()
    if (!view.isInLine(plan) || !view.isWaiting(plan)) return
    const wait = view.waitOf(plan)
    const text = JSON.stringify(wait)
    if (text !== sent) tell(wait)
    sent = text
  }
  const timer = setInterval(() => void look().catch(() => {}), LOOK_MS) // the next check reports it
  void look().catch(() => {})
  return () => clearInterval(timer)
}
