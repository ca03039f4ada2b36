import { channels, traced } from './channels.ts'
import { topicOf, type CairnEvent } from './events.ts'
import type { Plan } from './plan-record.ts'
import type { EventBus, Urgency } from './ports.ts'

/** Options of `publish`. */
export interface PublishOptions extends Urgency {
  /** @default the topic of the run's pipeline */
  readonly topic?: string
  /** The event that caused these. They continue its trace. */
  readonly cause?: CairnEvent | undefined
}

/** Publishes events of a run and traces that. */
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

/** Forwards the trace, as https://www.w3.org/TR/trace-context requires of those that do not take part in it. */
function carryOn({ traceparent, tracestate }: CairnEvent['headers'], headers: CairnEvent['headers']): void {
  if (traceparent !== undefined) headers['traceparent'] = traceparent
  if (tracestate !== undefined) headers['tracestate'] = tracestate
}
