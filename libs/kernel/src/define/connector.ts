import type { Json } from '../json.ts'
import type { AnyKind } from './kind.ts'

/** Tells a source how to read external data, and how to detect that the data has changed. */
export interface Connector<Opened> {
  /** The name that people see, for example `data/flights.csv`. */
  readonly name: string
  /**
   * Returns the version of the current content: a digest, an ETag, a snapshot id or a watermark. Planning calls it
   * under a deadline. A source whose connector has no `version` needs a `cache` policy. With such a policy, `version`
   * may return undefined for content that has no version.
   */
  version?(context: ConnectorContext): string | undefined | Promise<string | undefined>
  /** Opens the content. The body of the source receives the result. */
  open(context: ConnectorContext): Opened | Promise<Opened>
  /** What it reads from another pipeline. Planning pins that as an artifact, so it needs no `version` and is not opened. */
  readonly production?: ProductionOutput
}
/** An output of the production run of a pipeline. */
export interface ProductionOutput {
  readonly pipeline: string
  /** The name of an output of the pipeline, or `<step>/<output>`. */
  readonly output: string
  readonly kind: AnyKind
}
/** The connectors of a source, by name. */
export type Connectors = Readonly<Record<string, Connector<any>>>
/** What the body of a source receives: the opened content of each connector. */
export type Opened<R extends Connectors> = {
  readonly [Name in keyof R]: R[Name] extends Connector<infer Content> ? Content : never
}

/** What a connector can use when it looks up a version or opens the content. */
export interface ConnectorContext {
  /** The project's folder. Relative paths and packages are resolved from here. */
  readonly root: string
  /** The parsed parameters of the source. */
  readonly params: Readonly<Record<string, Json>>
  /** The secrets that the source declares, by name. */
  readonly secrets: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** A folder for temporary files. */
  readonly scratch: string
  /** Whether the source has a `cache` policy, which makes a version optional. */
  readonly hasCachePolicy: boolean
  /** Returns the value remembered for a stamp (for example a file's size and times), or computes and remembers it. */
  remember(stamp: string, compute: () => Promise<string>): Promise<string>
}

/** A file on this machine. Connectors that fetch files return it, and kinds of files accept it. */
export interface LocalFile {
  readonly path: string
}
