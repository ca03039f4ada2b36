import type { Json } from '../json.ts'

/** Something outside that a source reads, and how to tell that it has changed. */
export interface Connector<Opened> {
  /** For people: `data/flights.csv`. */
  readonly describes: string
  /**
   * What stands for the present content: a digest, an ETag, a snapshot's id, a watermark. Asked for when a run is
   * planned, under a deadline. A connector without one needs a `cache` policy on its source; where there is a policy,
   * `undefined` says that this content has no version.
   */
  version?(context: ConnectorContext): string | undefined | Promise<string | undefined>
  /** What the source's body receives. */
  open(context: ConnectorContext): Opened | Promise<Opened>
}
export type Connectors = Readonly<Record<string, Connector<any>>>
export type Opened<R extends Connectors> = {
  readonly [Name in keyof R]: R[Name] extends Connector<infer Content> ? Content : never
}

export interface ConnectorContext {
  /** The project's folder: relative paths and packages are found from here. */
  readonly root: string
  readonly params: Readonly<Record<string, Json>>
  readonly secrets: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly scratch: string
  /** Whether the source has a `cache` policy, so that it may do without a version. */
  readonly hasCachePolicy: boolean
  /** Remembers what was computed for a stamp (a file's size and times, say) from one plan to the next. */
  remember(stamp: string, compute: () => Promise<string>): Promise<string>
}

/** A file on this machine: what connectors that fetch files give, and kinds of files take. */
export interface LocalFile {
  readonly path: string
}
