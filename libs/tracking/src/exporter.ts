import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import type { Report } from './report.ts'
import { CLOSED, HANDLED } from './counters.ts'

/** The thread that exports. It loads OpenTelemetry and knows the pipeline only from reports. */

const { PRIORITY_BELOW_NORMAL, PRIORITY_NORMAL } = constants.priority
setOwnPriority(PRIORITY_BELOW_NORMAL) // the pipeline's work takes precedence, also over loading OpenTelemetry
const { close, handle } = await import('./export.ts')

const shared = workerData as Int32Array

parentPort!.on('message', (message: readonly Report[] | 'close') => {
  if (message === 'close') return void end()
  for (const report of message)
    try {
      handle(report)
    } finally {
      Atomics.add(shared, HANDLED, 1)
    }
})

async function end(): Promise<void> {
  setOwnPriority(PRIORITY_NORMAL) // the process now waits for this thread
  await close()
  Atomics.store(shared, CLOSED, 1)
  Atomics.notify(shared, CLOSED)
}

/** Sets the priority of this thread. Only on Linux; elsewhere a process has one priority. */
function setOwnPriority(priority: number): void {
  try {
    if (process.platform === 'linux') setPriority(priority)
  } catch {
    // raising the priority needs a privilege
  }
}
