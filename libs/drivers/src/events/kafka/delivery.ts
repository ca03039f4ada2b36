import type { CairnEvent } from '@cairn/records'
import { isOutage, pauseAfter } from '../redelivery.ts'
import { pause } from './deadline.ts'
import { readEvent, type Incoming } from './message.ts'

export interface DeliveryOptions {
  readonly handler: (event: CairnEvent) => Promise<void>
  readonly deliveries: number
  readonly redeliverAfter: number
  /** Returns whether this member must still handle the message. */
  readonly isAssigned: () => boolean
  /** Ends pauses when the subscription closes. */
  readonly closing: AbortSignal
  readonly onPoison: (event: CairnEvent, error: unknown) => void
  /** Called after each failure that is not caused by the message, such as an outage. The delivery is repeated. */
  readonly onWaiting: (error: unknown, event: CairnEvent | undefined) => void
  /** Writes the message to the dead letters. */
  readonly sendToDeadLetters: (error: unknown, event: CairnEvent | undefined) => Promise<void>
}

/** Delivers a message until it is handled or given up. Resolves with false if another member must handle it. */
export async function deliver(message: Incoming, options: DeliveryOptions): Promise<boolean> {
  let event: CairnEvent
  try {
    event = readEvent(message)
  } catch (error) {
    return sentToDeadLetters(error, undefined, options)
  }
  for (let failures = 0, pauses = 0; ;) {
    try {
      await options.handler(event)
      return true
    } catch (error) {
      if (isOutage(error)) options.onWaiting(error, event)
      else if (++failures >= options.deliveries) {
        if (!(await sentToDeadLetters(error, event, options))) return false
        options.onPoison(event, error)
        return true
      }
    }
    await pause(pauseAfter(++pauses, options.redeliverAfter), options.closing)
    if (!options.isAssigned()) return false
    event = readEvent(message) // again, because the handler may have changed the event
  }
}

/** Retries until the dead letter is written, because only then may the message be given up. */
async function sentToDeadLetters(
  error: unknown,
  event: CairnEvent | undefined,
  options: DeliveryOptions,
): Promise<boolean> {
  for (let failures = 0; options.isAssigned();) {
    try {
      await options.sendToDeadLetters(error, event)
      return true
    } catch (cause) {
      options.onWaiting(cause, event)
      await pause(pauseAfter(++failures, options.redeliverAfter), options.closing)
    }
  }
  return false
}
