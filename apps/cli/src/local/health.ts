import type { Service } from './stack.ts'

export type State = 'ready' | 'not ready' | 'no answer'
export interface Found {
  readonly name: string
  readonly url: string
  readonly state: State
  /** What is wrong. */
  readonly findings: string
}

const PROBE_MS = 5_000

export async function probe({ name, url }: Service): Promise<Found> {
  try {
    const answer = await fetch(new URL('/health/ready', url), { signal: AbortSignal.timeout(PROBE_MS) })
    if (answer.ok) return { name, url, state: 'ready', findings: '' }
    const told = (await answer.json()) as { error?: { message?: string } & Record<string, string> } & Record<
      string,
      string
    >
    const wrong = Object.entries(told).filter(([, finding]) => finding !== 'ok')
    return {
      name,
      url,
      state: 'not ready',
      findings: wrong.map(([what, finding]) => `${what}: ${describe(finding)}`).join('; '),
    }
  } catch {
    return { name, url, state: 'no answer', findings: '' }
  }
}

function describe(finding: unknown): string {
  return typeof finding === 'string' ? finding : JSON.stringify(finding)
}
