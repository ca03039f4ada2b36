import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import type { Report } from './report.ts'
import { CLOSED, HANDLED } from './counters.ts'

/** The thread that exports. It knows OpenTelemetry, and nothing of the pipeline but reports. */

const { PRIORITY_BELOW_NORMAL, PRIORITY_NORMAL } = constants.priority
setOwnPriority(PRIORITY_BELOW_NORMAL) // the pipeline's work comes first, also before what OpenTelemetry takes to load
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
  setOwnPriority(PRIORITY_NORMAL) // now the process waits
  await close()
  Atomics.store(shared, CLOSED, 1)
  Atomics.notify(shared, CLOSED)
}

/** Of this thread alone, which is so only on Linux. */
function setOwnPriority(priority: number): void {
  try {
    if (process.platform === 'linux') setPriority(priority)
  } catch {
    // back to normal is not allowed to everyone
  }
}
