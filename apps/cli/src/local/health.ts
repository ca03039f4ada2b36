import { pidOf } from '@cairn/drivers/process-id'
import { kafkaAnswers, minioAnswers } from '@cairn/drivers/servers-answer'
import { processOf, type Running, type Service } from './stack.ts'

export type State = 'ready' | 'not ready' | 'no answer'
export interface ServiceHealth {
  readonly name: string
  readonly url: string
  readonly state: State
  /** What is wrong, if anything. */
  readonly findings: string
  readonly pid?: number
  /** When its process started, or ended if none is running. */
  readonly since?: string
  readonly restarts?: number
}

const PROBE_MS = 5_000

/** The state of a service: its process, and its health endpoint. */
export async function checkService(service: Service, running: Running | undefined): Promise<ServiceHealth> {
  const { name } = service
  const { since, restarts, ended } = running?.watch?.[name] ?? {}
  const about = { ...(since !== undefined && { since }), ...(restarts !== undefined && { restarts }) }
  const process = processOf(running, name)
  if (process !== undefined) return { ...(await probe(service)), pid: pidOf(process), ...about }
  return { name, url: service.url, state: 'no answer', findings: ended ?? 'is not running', ...about }
}

async function probe(service: Service): Promise<ServiceHealth> {
  const { name, url } = service
  switch (service.probe) {
    case 'kafka':
      return { name, url, state: (await kafkaAnswers(url)) ? 'ready' : 'no answer', findings: '' }
    case 'minio':
      return { name, url, state: (await minioAnswers(url)) ? 'ready' : 'no answer', findings: '' }
    case 'http':
      return probeHttp(name, url)
  }
}

async function probeHttp(name: string, url: string): Promise<ServiceHealth> {
  try {
    const answer = await fetch(new URL('/health/ready', url), { signal: AbortSignal.timeout(PROBE_MS) })
    if (answer.ok) return { name, url, state: 'ready', findings: '' }
    const body = (await answer.json()) as Readonly<Record<string, unknown>>
    if (typeof body['detail'] === 'string') return { name, url, state: 'not ready', findings: body['detail'] }
    const wrong = Object.entries(body).filter(([, finding]) => finding !== 'ok')
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
