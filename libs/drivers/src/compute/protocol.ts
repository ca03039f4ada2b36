import type { ArtifactRef } from '@cairn/kernel'
import type { ErrorRecord, ItemResult, Work } from '@cairn/records'
import type { Secrets } from '@cairn/secrets'
import type { Stream } from './printed.ts'
import type { Filled } from './scratch-room.ts'

/** What a pool and its workers say to each other, as JSON: artifacts travel as files, never through the pipe. */
export type ToWorker =
  | {
      readonly say: 'work'
      readonly work: Omit<Work, 'open' | 'print' | 'onLoaded'>
      readonly root: string
      readonly scratch: string
      readonly secrets: Secrets
      /** Ends, on each stream, what an item has printed. */
      readonly marker: string
    }
  /** `stamp`: of the file, if the parent has verified its digest. */
  | { readonly say: 'opened'; readonly digest: string; readonly path: string; readonly stamp?: string }
  | { readonly say: 'not-opened'; readonly digest: string; readonly error: ErrorRecord }
  | { readonly say: 'stop' }

export type FromWorker =
  /** It has loaded packages in another state than the work names: another process is to do it. */
  | { readonly say: 'unfit' }
  | {
      readonly say: 'begun'
      readonly index: number
      /** Whether files of packages have been loaded since this was told last. */
      readonly loaded: boolean
    }
  | {
      readonly say: 'item'
      readonly result: ItemResult
      /** Of an item that failed because there was no space left. */
      readonly filled?: Filled
      readonly loaded: boolean
      /** Streams that the body has closed: no marker comes there. */
      readonly closed: readonly Stream[]
      /** Whether the body has left something running that may still print. */
      readonly left: boolean
    }
  | { readonly say: 'open'; readonly ref: ArtifactRef }
  /** It is about to end: with an error that nothing has caught, or where the body has left it. */
  | { readonly say: 'ending'; readonly error?: ErrorRecord; readonly stack?: string }
  | { readonly say: 'done' }
