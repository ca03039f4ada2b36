import type { ArtifactRef, Json } from '@cairn/kernel'
import type { CairnEvent } from './events.ts'
import type { ErrorRecord } from './error-record.ts'

/**
 * Where artifacts and records lie: a folder, a bucket. Paths are relative, with `/`, and never come from a payload.
 * Every call may fail with a rejected promise, after which it is not known whether it took effect.
 */
export interface ArtifactStore {
  /** A record's bytes; undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>
  /** Writes a record unless there is one. Of any number of writers exactly one is told true. */
  create(path: string, bytes: Uint8Array): Promise<boolean>
  /** Writes a record only where the present one is `expected` (undefined: there is none). Told true: it was. */
  replace(path: string, expected: Uint8Array | undefined, bytes: Uint8Array): Promise<boolean>
  /** Writes an object whose path is made from its digest; what lies there already has the same bytes. May move the file. */
  put(path: string, content: Content): Promise<void>
  /** A local file with the object's bytes, not to be written to; undefined when there is none. */
  fetch(path: string): Promise<string | undefined>
  stat(path: string): Promise<StoredStat | undefined>
  /** Every path in a folder (`a/b/`) and below it, in no particular order. */
  list(folder: string): AsyncIterable<StoredStat & { readonly path: string }>
  /** The names directly in a folder, of records and of folders; with `after`, those behind it in the order of their bytes. */
  children(folder: string, after?: string): Promise<string[]>
  remove(path: string): Promise<void>
  /** Moves an object, which counts as a write; false when it is not there. For garbage collection and quarantine. */
  move(from: string, to: string): Promise<boolean>
  /** A new, empty local folder from which `put` takes files most cheaply. */
  scratch(): Promise<string>
}
/** `stamp`: of the file before it was hashed, to detect later changes. */
export type Content = Uint8Array | { readonly file: string; readonly stamp?: string }
export interface StoredStat {
  /** Bytes. */
  readonly size: number
  /** Of the last write, in milliseconds since 1970, by the store's clock. */
  readonly modified: number
}

/** Carries events, at least once, in no order to rely on. */
export interface EventBus {
  /** What it runs over: `kafka`, say. */
  readonly system?: string
  /** Resolves once all of them are kept safe. */
  publish(topic: string, events: readonly CairnEvent[], urgency?: Urgency): Promise<void>
  /**
   * Each event goes to one member of every group. It is handed over again, maybe to another member, until the handler
   * has resolved for it; so the handler resolves only when all that follows from the event is safe.
   */
  subscribe(
    topic: string,
    options: SubscribeOptions,
    handler: (event: CairnEvent) => Promise<void>,
  ): Promise<Subscription>
}
export interface Urgency {
  /** Events that no one waits for may go with the next that are published, if there are any within so many milliseconds. */
  readonly withinMs?: number
}
export interface SubscribeOptions {
  readonly group: string
  /** Where a group that is new starts; a time in milliseconds since 1970. */
  readonly from: 'beginning' | 'now' | { readonly time: number }
  /** What the group was called before: where it is new, it goes on from where that one was. */
  readonly formerly?: string
  /** Events in hand at one time. */
  readonly concurrency?: number
  /**
   * Told of an event that the handler keeps rejecting, and which is therefore given up. What the store or the bus is to
   * blame for (`STORE_FAILED`, `BUS_FAILED`) is no such event: it is handed over until they are back.
   */
  readonly onPoison?: (event: CairnEvent, error: unknown) => void
  /** Told when other events than before come to this member: of those that are new to it, it may have missed some. */
  readonly onReassigned?: () => void
}
export interface Subscription {
  /** Takes no new events and waits for the handlers at work. */
  close(): Promise<void>
}

export interface Clock {
  /** Milliseconds since 1970: for records and people, not for measuring. */
  now(): number
  /** Milliseconds since some fixed moment; never goes back. */
  monotonic(): number
  /** Resolves after `ms`; rejects when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Runs step bodies: in this process, in a pool of processes. */
export interface Compute {
  /** Gives the result of each item as soon as it is there. An item that fails is a result, too. */
  run(work: Work, signal: AbortSignal): AsyncIterable<ItemResult>
}

/** An item is one independent call of the body: a plain step has one, a batch of an `each` one for each of its elements. */
export interface Work {
  readonly run: string
  readonly node: string
  readonly step: string
  readonly code: Code
  /** Set when the items are to be caught: the code of the step's `catch`. */
  readonly fallback?: Code
  readonly items: readonly ItemWork[]
  readonly params: Readonly<Record<string, Json>>
  readonly secrets: readonly string[]
  /** For one item, from the start of its body. */
  readonly timeoutMs: number | undefined
  /** Bytes. */
  readonly memory: number | undefined
  /** Whether it reads the outside. */
  readonly source: boolean
  /** Source versions that the plan saw: what is read must still have them. */
  readonly versions: Readonly<Record<string, string>> | undefined
  /** Opens an input. */
  readonly open: (ref: ArtifactRef) => Promise<string>
  /** The installed packages that its code may load, where they were looked at: what is loaded must be in that very state. */
  readonly packages?: PackageStates
  /** Told whenever files of packages have been loaded: they may have been changed since they were looked at. */
  readonly onLoaded?: () => void
  /** Told each line that a body prints, before its item's result is given, and without secrets. */
  readonly print: (printed: Printed) => void
}
/** The state of the files of installed packages, by their folders. */
export type PackageStates = Readonly<Record<string, PackageState>>
export interface PackageState {
  readonly stamp: string
  /** When the last change was made to it, in milliseconds since 1970. */
  readonly changedAt: number
}
export interface Printed {
  readonly index: number
  readonly stream: 'stdout' | 'stderr'
  readonly line: string
}
export interface ItemWork {
  readonly index: number
  readonly inputs: Readonly<Record<string, ArtifactRef>>
  /** Seeds the item's random numbers. */
  readonly key: string
  /** Of a `catch`: what its fallback is told. */
  readonly error?: ErrorRecord
}
/** What to run: a stored closure, or, only in the process that planned the run, the step as it stands in memory. */
export type Code = StoredCode | { readonly inline: true }
export interface StoredCode {
  readonly fingerprint: string
  /** SHA-256 (hex) of the code as the run was planned with it. */
  readonly digest: string
  /** SHA-256 (hex) of which packages it loads, and from where, where the plan says. */
  readonly packages?: string
  /** What it is called in the store. */
  readonly name: string
  /** Local file of the code, and of its manifest. */
  readonly path: string
  readonly manifest: string | undefined
}

export type ItemResult = {
  readonly index: number
  /** Milliseconds that the body and the encoding took. */
  readonly ms: number
} & ({ readonly outputs: Readonly<Record<string, Made>> } | { readonly error: ErrorRecord })

/** An artifact that a step made, on its way to the store. */
export interface Made {
  readonly ref: ArtifactRef
  /** What is still to be stored; absent when the record holds the bytes. */
  readonly content?: Content
  readonly items?: readonly Made[]
}
