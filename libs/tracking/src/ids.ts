import { hash, randomBytes } from 'node:crypto'

/** The full name of a run. */
export interface RunName {
  readonly env: string
  readonly pipeline: string
  readonly run: string
}

/** Returns the trace id of a run. Every process computes the same id, so a run is one trace without coordination. */
export function traceIdOf({ env, pipeline, run }: RunName): string {
  return idOf(32, 'trace', env, pipeline, run)
}

/** Returns the span id of a run, of one of its tasks, or of an attempt at the task. */
export function spanIdOf({ env, pipeline, run }: RunName, task = '', attempt = 0): string {
  return idOf(16, 'span', env, pipeline, run, task, String(attempt))
}

export function newSpanId(): string {
  return randomBytes(8).toString('hex')
}

/**
 * Returns a `traceparent` header (https://www.w3.org/TR/trace-context). The sampled flag is always set, because each
 * process decides by the trace id.
 */
export function traceparent(traceId: string, spanId: string): string {
  return `00-${traceId}-${spanId}-01`
}

/** Parses a `traceparent` header; undefined if it is missing or malformed. */
export function parseTraceparent(header: string | undefined): { traceId: string; spanId: string } | undefined {
  const [, traceId, spanId] = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/.exec(header ?? '') ?? []
  return traceId === undefined || spanId === undefined ? undefined : { traceId, spanId }
}

function idOf(length: number, ...parts: string[]): string {
  return hash('sha256', JSON.stringify(parts)).slice(0, length)
}
