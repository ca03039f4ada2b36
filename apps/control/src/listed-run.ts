import type { Plan, RunStatus, UnfitRecord } from '@cairn/records'
import type { Waiting } from './queue-view.ts'

/** A run in a list: its summary, or its fault, or both. */
export interface Listed extends Partial<Pick<Plan, 'createdAt' | 'params'>> {
  readonly run: string
  readonly status: RunStatus | 'queued' | 'running' | 'refused'
  readonly endedAt?: number
  /** For a queued run: its place and the limit that it waits for. */
  readonly queue?: Waiting
  /** Tasks that no host could run so far. */
  readonly unfit?: readonly UnfitRecord[]
  readonly fault?: string
}
