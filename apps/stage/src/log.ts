import type { Logger } from 'pino'
import { channels, type TaskMessage } from '@cairn/kernel/runtime'

/** What step bodies print, and which tasks have ended, as lines of this process's log. */
export function logWork(log: Logger): void {
  channels.output.subscribe(({ run, node, stream, line }) => log.info({ run, node, stream }, line))
  channels.task.asyncEnd.subscribe((message) => {
    const { plan, task } = message as TaskMessage
    log.info({ run: plan.run, task }, 'task ended')
  })
}
