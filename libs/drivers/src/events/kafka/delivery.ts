import type { CairnEvent } from '@cairn/records'
import { isOutage, pauseAfter } from '../redelivery.ts'
import { pause } from './deadline.ts'
import { readEvent, type Incoming } from './message.ts'

export interface DeliveryOptions {
  readonly handler: (event: CairnEvent) => Promise<void>
  readonly deliveries: number
  readonly redeliverAfter: number
  /** Whether it is still for us to handle. */
  readonly isOurs: () => boolean
  /** Aborted when nothing is to be waited for any longer. */
  readonly closing: AbortSignal
  readonly onPoison: (event: CairnEvent, error: unknown) => void
  /** Told each time that something outside the message fails, which is waited for. */
  readonly onWaiting: (error: unknown, event: CairnEvent | undefined) => void
  /** Puts the message among the dead letters. */
  readonly bury: (error: unknown, event: CairnEvent | undefined) => Promise<void>
}

/** Hands a message over until it is handled or given up: true. False: it is for another member to do that. */
export async function deliver(message: Incoming, options: DeliveryOptions): Promise<boolean> {
  let event: CairnEvent
  try {
    event = readEvent(message)
  } catch (error) {
    return buried(error, undefined, options)
  }
  for (let failures = 0, pauses = 0; ;) {
    try {
      await options.handler(event)
      return true
    } catch (error) {
      if (isOutage(error)) options.onWaiting(error, event)
      else if (++failures >= options.deliveries) {
        if (!(await buried(error, event, options))) return false
        options.onPoison(event, error)
        return true
      }
    }
    await pause(pauseAfter(++pauses, options.redeliverAfter), options.closing)
    if (!options.isOurs()) return false
    event = readEvent(message) // anew, for a handler may have changed it
  }
}

/** As long as that takes: a message is not given up before it is safe among the dead letters. */
async function buried(error: unknown, event: CairnEvent | undefined, options: DeliveryOptions): Promise<boolean> {
  for (let failures = 0; options.isOurs();) {
    try {
      await options.bury(error, event)
      return true
    } catch (cause) {
      options.onWaiting(cause, event)
      await pause(pauseAfter(++failures, options.redeliverAfter), options.closing)
    }
  }
  return false
}
