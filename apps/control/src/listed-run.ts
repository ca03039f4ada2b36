import type { Plan, RunStatus, UnfitRecord } from '@cairn/records'
import type { Waiting } from './queue-view.ts'

/** A run in a list: what it is, or what is wrong with it, or both. */
export interface Listed extends Partial<Pick<Plan, 'createdAt' | 'params'>> {
  readonly run: string
  readonly status: RunStatus | 'queued' | 'running' | 'refused'
  readonly endedAt?: number
  /** Of one that waits for its turn: behind whom, and for what. */
  readonly queue?: Waiting
  /** Tasks that no host could run so far. */
  readonly unfit?: readonly UnfitRecord[]
  readonly fault?: string
}
