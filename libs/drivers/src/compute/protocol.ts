import type { ArtifactRef } from '@cairn/kernel'
import type { ErrorRecord, ItemResult, Work } from '@cairn/records'
import type { Secrets } from '@cairn/secrets'
import type { Stream } from './captured-output.ts'
import type { DiskUsage } from './scratch-space.ts'

/** Messages from a pool to a worker process, over Node's IPC channel. Large content is passed in files. */
export type ToWorker =
  | {
      readonly type: 'work'
      readonly work: Omit<Work, 'open' | 'print' | 'onLoaded'>
      readonly root: string
      readonly scratch: string
      readonly secrets: Secrets
      /** Written to each stream after the output of an item. */
      readonly marker: string
    }
  /** `stamp` identifies the state of the file, if the parent has verified its digest. */
  | { readonly type: 'opened'; readonly digest: string; readonly path: string; readonly stamp?: string }
  | { readonly type: 'not-opened'; readonly digest: string; readonly error: ErrorRecord }
  | { readonly type: 'stop' }

/** Messages from a worker process to its pool. */
export type FromWorker =
  /** The process has already loaded packages in another state than the work requires. Another process has to run it. */
  | { readonly type: 'unfit' }
  | {
      readonly type: 'begun'
      readonly index: number
      /** Whether package files were loaded since the last report. */
      readonly loaded: boolean
    }
  | {
      readonly type: 'item'
      readonly result: ItemResult
      /** Disk usage, for an item that failed because the disk was full. */
      readonly usage?: DiskUsage
      readonly loaded: boolean
      /** Streams that the body has closed. They carry no marker. */
      readonly closed: readonly Stream[]
      /** Whether the body has left something running that may still print. */
      readonly left: boolean
    }
  | { readonly type: 'open'; readonly ref: ArtifactRef }
  /**
   * The process is about to exit: because of the uncaught `error`, or because the body called `process.exit` at
   * `stack`.
   */
  | { readonly type: 'ending'; readonly error?: ErrorRecord; readonly stack?: string }
  | { readonly type: 'done' }
