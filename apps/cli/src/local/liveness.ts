import { setTimeout as sleep } from 'node:timers/promises'

/** Default of how long a process that has answered may fail to answer, in seconds. */
const SILENT_S = 60
const CHECK_MS = 5_000
const ANSWER_MS = 5_000

interface LivenessOptions {
  /** Whether the process has answered before. One that has just been started may wait for its servers. */
  readonly hasAnswered: boolean
  /** Whether the process is gone or being stopped. */
  readonly isOver: () => boolean
  /** How long it may not answer. */
  readonly silentMs: number
}

/**
 * Waits until a service, such as one that is frozen or stuck, no longer answers that it is alive.
 *
 * @param url address of the service
 * @returns true; false if its process is over before
 */
export async function stopsAnswering(
  url: string,
  { hasAnswered, isOver, silentMs }: LivenessOptions,
): Promise<boolean> {
  let answered = hasAnswered ? performance.now() : undefined
  while (!isOver()) {
    if (await isAlive(url)) answered = performance.now()
    else if (answered !== undefined && performance.now() - answered > silentMs) return !isOver()
    await sleep(Math.min(CHECK_MS, silentMs / 4))
  }
  return false
}

async function isAlive(url: string): Promise<boolean> {
  try {
    const { ok } = await fetch(new URL('/health/live', url), { signal: AbortSignal.timeout(ANSWER_MS) })
    return ok
  } catch {
    return false
  }
}

/** How long a service may not answer until it is replaced, in milliseconds. */
export function silentMs(): number {
  const seconds = Number(process.env['CAIRN_SILENT'] ?? SILENT_S)
  return (seconds > 0 ? seconds : SILENT_S) * 1_000
}
