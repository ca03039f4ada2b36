import type { ArtifactRef, Json } from '@cairn/kernel'
import type { CairnEvent } from './events.ts'
import type { ErrorRecord } from './error-record.ts'

/**
 * Stores artifacts and records, in a folder or a bucket. Paths are relative, use `/`, and never come from a payload.
 * After a call rejects, it is unknown whether the call took effect.
 */
export interface ArtifactStore {
  /** Returns a record's bytes; undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>
  /** Writes a record unless one exists. Of any number of concurrent writers, exactly one gets true. */
  create(path: string, bytes: Uint8Array): Promise<boolean>
  /** Writes a record only if the present one is `expected` (undefined: none exists). Returns whether it was written. */
  replace(path: string, expected: Uint8Array | undefined, bytes: Uint8Array): Promise<boolean>
  /**
   * Writes an object. Its path contains its digest, so an existing object has the same bytes. May move the given file.
   */
  put(path: string, content: Content): Promise<void>
  /** Returns a local, read-only file with the object's bytes; undefined when there is none. */
  fetch(path: string): Promise<string | undefined>
  stat(path: string): Promise<StoredStat | undefined>
  /** Lists every path in a folder (`a/b/`) and below it, in no particular order. */
  list(folder: string): AsyncIterable<StoredStat & { readonly path: string }>
  /**
   * Lists the names of records and folders directly in a folder. With `after`: only names that sort after it, by bytes.
   */
  children(folder: string, after?: string): Promise<string[]>
  remove(path: string): Promise<void>
  /**
   * Moves an object; this counts as a write. Returns false when it does not exist. For garbage collection and
   * quarantine.
   */
  move(from: string, to: string): Promise<boolean>
  /** Creates an empty local folder. `put` takes files from it at the lowest cost. */
  scratch(): Promise<string>
}
/** `stamp` is the file's stamp before it was hashed, to detect later changes. */
export type Content = Uint8Array | { readonly file: string; readonly stamp?: string }
/** Size and age of a stored file. */
export interface StoredStat {
  /** Size in bytes. */
  readonly size: number
  /** Time of the last write by the store's clock, in milliseconds since 1970. */
  readonly modified: number
}

/** Delivers events at least once, in no guaranteed order. */
export interface EventBus {
  /** The system behind the bus, such as `kafka`. */
  readonly system?: string
  /** Resolves once every event is stored durably. */
  publish(topic: string, events: readonly CairnEvent[], urgency?: Urgency): Promise<void>
  /**
   * Delivers each event to one member of every group. An event is delivered again, possibly to another member, until
   * the handler resolves for it. So the handler must resolve only when everything that follows from the event is
   * durable.
   */
  subscribe(
    topic: string,
    options: SubscribeOptions,
    handler: (event: CairnEvent) => Promise<void>,
  ): Promise<Subscription>
}
/** How soon events must be sent. */
export interface Urgency {
  /** Events that no one waits for may be delayed for up to this many milliseconds, to be sent with the next ones. */
  readonly withinMs?: number
}
/** Options of a subscription to a topic. */
export interface SubscribeOptions {
  /** The members of a group share the events: each event goes to one of them. */
  readonly group: string
  /** Where a new group starts; a time is in milliseconds since 1970. */
  readonly from: 'beginning' | 'now' | { readonly time: number }
  /** Maximum number of events handled at once. */
  readonly concurrency?: number
  /** How often an event that the handler rejects is delivered before it is given up. @default the bus's: 5 */
  readonly deliveries?: number
  /**
   * Milliseconds before the second delivery of an event; doubled before each next one, up to 5 s.
   *
   * @default the bus's: 1,000 for Kafka
   */
  readonly redeliverAfter?: number
  /**
   * Called with an event that the handler keeps rejecting and that is therefore given up. A rejection with
   * `STORE_FAILED`, `BUS_FAILED` or `HOST_FAILED` does not count: the event is delivered again until that has ended.
   */
  readonly onPoison?: (event: CairnEvent, error: unknown) => void
  /** Called when other partitions are assigned to this member. It may have missed events of the new ones. */
  readonly onReassigned?: () => void
}
/** A member of a group that receives events. */
export interface Subscription {
  /** Accepts no new events and waits for the running handlers. */
  close(): Promise<void>
}

/** The time, and pauses. Tests replace it. */
export interface Clock {
  /** Current time in milliseconds since 1970. For records and display, not for measuring. */
  now(): number
  /** Milliseconds since a fixed moment; never goes back. */
  monotonic(): number
  /** Resolves after `ms`; rejects when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Runs step bodies, in this process or in a pool of processes. */
export interface Compute {
  /**
   * Yields each item's result as soon as it exists. The error of a failed item is a result, too. Files of a result exist
   * until the next result is requested.
   */
  run(work: Work, signal: AbortSignal): AsyncIterable<ItemResult>
}

/**
 * What a driver computes. An item is one independent call of the body: a plain step has one, a batch of an `each` has
 * one for each element.
 */
export interface Work {
  readonly run: string
  readonly node: string
  readonly step: string
  readonly code: Code
  /** The code of the step's `catch`, when that is run instead of the body. */
  readonly fallback?: Code
  readonly items: readonly ItemWork[]
  readonly params: Readonly<Record<string, Json>>
  readonly secrets: readonly string[]
  /** Time limit for one item in milliseconds, from the start of its body. */
  readonly timeoutMs: number | undefined
  /** Limit in bytes. */
  readonly memory: number | undefined
  /** Whether the step reads from outside the pipeline. */
  readonly source: boolean
  /** The source versions in the plan. What is read must still have them. */
  readonly versions: Readonly<Record<string, string>> | undefined
  /** Returns the local path of an input. */
  readonly open: (ref: ArtifactRef) => Promise<string>
  /**
   * The installed packages that the code may load, if they were examined. They must still be in this state when loaded.
   */
  readonly packages?: PackageStates
  /** Called after files of packages were loaded: they may have changed since they were examined. */
  readonly onLoaded?: () => void
  /** Called with each line that a body prints, before the item's result, with secrets masked. */
  readonly print: (printed: Printed) => void
}
/** The state of installed packages' files, by package folder. */
export type PackageStates = Readonly<Record<string, PackageState>>
/** The state of an installed package's files. */
export interface PackageState {
  /** Changes whenever a file of the package is written, replaced, added or removed. */
  readonly stamp: string
  /** Time of the last change, in milliseconds since 1970. */
  readonly changedAt: number
}
/** A line that a body printed. */
export interface Printed {
  /** Index of the item whose body printed it. */
  readonly index: number
  readonly stream: 'stdout' | 'stderr'
  readonly line: string
}
/** One call of a body. */
export interface ItemWork {
  /** Index of the item in its task. Its results and lines carry it. */
  readonly index: number
  readonly inputs: Readonly<Record<string, ArtifactRef>>
  /** Seeds the item's random numbers. */
  readonly key: string
  /** The error that is passed to the step's `catch`. */
  readonly error?: ErrorRecord
}
/** The code to run: a stored closure or, only in the process that planned the run, the step in memory. */
export type Code = StoredCode | { readonly inline: true }
/** Code from the store, with local copies of its files. */
export interface StoredCode {
  readonly fingerprint: string
  /** SHA-256 (hex) of the code that the run was planned with. */
  readonly digest: string
  /** SHA-256 (hex) of the packages that it loads and where from. */
  readonly packages: string
  /** Its file name in the store, without extension. */
  readonly name: string
  /** Local files of the code and of its manifest. */
  readonly path: string
  readonly manifest: string | undefined
}

/** The result of one item: its outputs, or the error of its body. */
export type ItemResult = {
  readonly index: number
  /** Milliseconds that the body and the encoding took. */
  readonly ms: number
} & ({ readonly outputs: Readonly<Record<string, EncodedArtifact>> } | { readonly error: ErrorRecord })

/** An encoded artifact, whose content is not stored yet. */
export interface EncodedArtifact {
  readonly ref: ArtifactRef
  /** The content to store; absent when the record holds the bytes inline. */
  readonly content?: Content
  readonly items?: readonly EncodedArtifact[]
}
