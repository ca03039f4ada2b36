import { hash, randomBytes } from 'node:crypto'

/** Names a run among all. */
export interface RunName {
  readonly env: string
  readonly pipeline: string
  readonly run: string
}

/** The same in every process: all that happens for a run becomes one trace, with nothing to agree on. */
export function traceIdOf({ env, pipeline, run }: RunName): string {
  return idOf(32, 'trace', env, pipeline, run)
}

/** The span of the run itself, of one of its tasks, or of one of that task's attempts. */
export function spanIdOf({ env, pipeline, run }: RunName, task = '', attempt = 0): string {
  return idOf(16, 'span', env, pipeline, run, task, String(attempt))
}

export function newSpanId(): string {
  return randomBytes(8).toString('hex')
}

/** https://www.w3.org/TR/trace-context: sampled, for it is by the trace's id alone that each process decides. */
export function traceparent(traceId: string, spanId: string): string {
  return `00-${traceId}-${spanId}-01`
}

export function parseTraceparent(header: string | undefined): { traceId: string; spanId: string } | undefined {
  const [, traceId, spanId] = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/.exec(header ?? '') ?? []
  return traceId === undefined || spanId === undefined ? undefined : { traceId, spanId }
}

function idOf(length: number, ...parts: string[]): string {
  return hash('sha256', JSON.stringify(parts)).slice(0, length)
}
