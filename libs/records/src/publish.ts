import { channels, traced } from './channels.ts'
import { topicOf, type CairnEvent } from './events.ts'
import type { Plan } from './plan-record.ts'
import type { EventBus, Urgency } from './ports.ts'

export interface PublishOptions extends Urgency {
  /** Default: the run's own. */
  readonly topic?: string
  /** The event that led to these: the trace that it is part of goes on in them. */
  readonly cause?: CairnEvent | undefined
}

/** Sends events of a run so that those who watch hear of it. */
export function publish(
  bus: EventBus,
  plan: Plan,
  events: readonly CairnEvent[],
  { topic = topicOf(plan), cause, ...urgency }: PublishOptions = {},
): Promise<void> {
  if (cause) for (const { headers } of events) carryOn(cause.headers, headers)
  const message = () => ({ plan, topic, system: bus.system, events })
  return traced(channels.publish, message, () => bus.publish(topic, events, urgency))
}

/** https://www.w3.org/TR/trace-context: who does not take part in a trace forwards it. */
function carryOn({ traceparent, tracestate }: CairnEvent['headers'], headers: CairnEvent['headers']): void {
  if (traceparent !== undefined) headers['traceparent'] = traceparent
  if (tracestate !== undefined) headers['tracestate'] = tracestate
}
