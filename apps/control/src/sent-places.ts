import type { Plan } from '@cairn/records'
import type { Waiting } from './queue-view.ts'
import type { RunQueue } from './run-queue.ts'

/** How often it is looked whether a run's place in the queue is another, in milliseconds. */
const LOOK_MS = 2_000

/** Tells a run's place in the queue, and each that it comes to, until it has its turn. @returns what ends that */
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
  const timer = setInterval(() => void look().catch(() => {}), LOOK_MS) // the next look tells
  void look().catch(() => {})
  return () => clearInterval(timer)
}
