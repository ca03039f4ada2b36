import { subscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import { logLine } from './logs.ts'
import { measure } from './metrics.ts'
import type { Report } from './report.ts'
import { shutdown } from './sdk.ts'
import { trace } from './spans.ts'

/** Time limit for the remaining exports once a collector was unreachable, in milliseconds. */
const LAST_MS = 100

export function handle(report: Report): void {
  measure(report)
  if (report.about === 'line') logLine(report)
  else trace(report)
}

/** Resolves when everything was exported, or when the collector is unreachable. */
export async function close(): Promise<void> {
  const refused = Promise.withResolvers<void>()
  subscribe('http.client.request.error', () => refused.resolve())
  await Promise.race([shutdown().catch(() => {}), refused.promise.then(() => sleep(LAST_MS))])
}
