import { subscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { logLine } from './logs.ts'
import { measure } from './metrics.ts'
import type { Report } from './report.ts'
import { shutdown } from './sdk.ts'
import { CLOSED, HANDLED } from './shared.ts'
import { trace } from './spans.ts'

/** The thread that exports: it knows OpenTelemetry, and nothing of the pipeline but reports. */

const shared = workerData as Int32Array
/** What else is under way gets so long when a collector turns out not to be there, in milliseconds. */
const LAST_MS = 100

parentPort!.on('message', (message: Report | 'close') => {
  if (message === 'close') return void close()
  try {
    handle(message)
  } finally {
    Atomics.add(shared, HANDLED, 1)
  }
})

function handle(report: Report): void {
  measure(report)
  if (report.about === 'line') logLine(report)
  else trace(report)
}

async function close(): Promise<void> {
  const refused = Promise.withResolvers<void>()
  subscribe('http.client.request.error', () => refused.resolve())
  await Promise.race([shutdown().catch(() => {}), refused.promise.then(() => sleep(LAST_MS))])
  Atomics.store(shared, CLOSED, 1)
  Atomics.notify(shared, CLOSED)
}
