import type { Logger } from 'pino'
import { channels, type TaskMessage } from '@cairn/records'

/** Logs what step bodies print, and how tasks end. */
export function logTasks(log: Logger): void {
  channels.output.subscribe(({ line, ...about }) => log.info(about, line))
  channels.standstill.subscribe(({ isOver, since, ...about }) => {
    const message = isOver ? 'partition resumed' : 'partition paused until what its event needs works again'
    log[isOver ? 'info' : 'error']({ ...about, since: new Date(since).toISOString() }, message)
  })
  channels.task.asyncEnd.subscribe((message) => {
    const { plan, task, error, result } = message as TaskMessage & {
      readonly error?: unknown
      readonly result?: unknown
    }
    const about = { run: plan.run, task }
    if (error === undefined && result === undefined) log.info(about, 'task left to another host')
    else if (error === undefined) log.info(about, 'task ended')
    else log.warn({ ...about, err: error }, 'task not finished: its event is delivered again')
  })
}
