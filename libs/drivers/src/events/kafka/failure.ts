import { CairnError } from '@cairn/kernel'

export interface FailureReason {
  readonly message: string
  /** Kafka's name of the error, if it has one. */
  readonly type: string | undefined
  /** Whether a retry may succeed. */
  readonly isTemporary: boolean
}

/** Returns the innermost cause of an error of the client. */
export function reasonOf(error: unknown): FailureReason {
  let inner = error
  while (inner instanceof Error && typeOf(inner) === undefined) {
    const cause = 'errors' in inner ? [inner.errors].flat()[0] : inner.cause
    if (!(cause instanceof Error)) break
    inner = cause
  }
  return {
    message: inner instanceof Error ? inner.message : String(inner),
    type: typeOf(inner),
    isTemporary:
      inner instanceof Error &&
      ((inner as { retriable?: unknown }).retriable === true || HIDING_ERRORS.has(inner.name)),
  }
}
/** Errors that the client throws for any cause, also if a broker that has just started answered too late. */
const HIDING_ERRORS: ReadonlySet<string> = new Set(['KafkaJSGroupCoordinatorNotFound'])

function typeOf(error: unknown): string | undefined {
  return error instanceof Error && 'type' in error && typeof error.type === 'string' ? error.type : undefined
}

/**
 * Creates a BUS_FAILED error. Returns `error` itself if it is one.
 *
 * @param what beginning of the message: `cannot publish to topic x`
 */
export function busFailed(brokers: readonly string[], what: string, error: unknown): CairnError {
  if (error instanceof CairnError && error.code === 'BUS_FAILED') return error
  const { message, type } = reasonOf(error)
  const reason = type === undefined || message.includes(type) ? message : `${message} (${type})`
  return new CairnError('BUS_FAILED', `${what} at ${brokers.join(',')}: ${reason}`, {
    cause: error,
    next: nextCommand(brokers, type),
  })
}

export function topicMissing(brokers: readonly string[], topic: string): CairnError {
  return new CairnError('BUS_FAILED', `topic ${topic} does not exist at ${brokers.join(',')}, or access is denied`, {
    next: `kafka-topics.sh --bootstrap-server ${brokers[0]} --create --topic ${topic}`,
  })
}

function nextCommand([broker]: readonly string[], type: string | undefined): string {
  if (type?.endsWith('AUTHORIZATION_FAILED')) return `kafka-acls.sh --bootstrap-server ${broker} --list`
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return `kafka-topics.sh --bootstrap-server ${broker} --list`
  return `check that the broker responds: kafka-broker-api-versions.sh --bootstrap-server ${broker}`
}
