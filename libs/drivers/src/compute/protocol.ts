import type { ArtifactRef, ErrorRecord, LaneResult, Work } from '@cairn/kernel/runtime'
import type { Secrets } from './secrets.ts'

/** What a pool and its workers say to each other, as JSON: artifacts travel as files, never through the pipe. */
export type ToWorker =
  | {
      readonly say: 'work'
      readonly work: Omit<Work, 'open'>
      readonly root: string
      readonly scratch: string
      readonly secrets: Secrets
    }
  | { readonly say: 'opened'; readonly digest: string; readonly path: string }
  | { readonly say: 'not-opened'; readonly digest: string; readonly error: ErrorRecord }
  | { readonly say: 'stop' }

export type FromWorker =
  | { readonly say: 'begun'; readonly lane: number }
  | { readonly say: 'lane'; readonly result: LaneResult }
  | { readonly say: 'open'; readonly ref: ArtifactRef }
  | { readonly say: 'done' }
