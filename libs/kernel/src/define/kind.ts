import { canonical, type Json } from '../json.ts'

/**
 * A kind of artifact: how a value that a step returns becomes bytes, and how a later step gets it back.
 *
 * `Write` is what a step may return, and `Read` is what a step receives. For example, a step may return plain rows, and
 * the next step receives a table that it can query.
 *
 * The same value must always give the same bytes, on any number of threads: digests and keys depend on it.
 */
export interface Kind<Read, Write = Read> {
  /** `json`, `table`, `model`, … */
  readonly name: string
  /** Raise it when `encode` writes other bytes for the same value. That changes every key that involves the kind. */
  readonly version: number
  /** A description of the values. It counts in keys and is shown in error messages. */
  readonly schema: Json
  /**
   * Checks a value and writes it.
   * @throws CairnError BAD_OUTPUT for a wrong value, with its position: path, column or row
   */
  encode(value: Write, to: Encoder): Encoded | Promise<Encoded>
  /** Opens an artifact. Kinds of large artifacts return a value that reads on demand. */
  decode(artifact: Artifact): Read | Promise<Read>
  /** Summarizes an artifact for people, as `cairn cat` shows it. */
  preview?(artifact: Artifact, options: PreviewOptions): Promise<Preview>
  /** Describes how two artifacts differ. */
  compare?(before: Artifact, after: Artifact, options: CompareOptions): Promise<readonly Compared[]>
  /** Samples rows so that a run can be tried with less data: always the same rows, in their order. */
  sample?(artifact: Artifact, size: SampleSize): Promise<Sample>
  /**
   * Whether the artifact contains a wanted text, for example a secret. Needed when a search of the bytes would miss the
   * text, for example because they are compressed.
   */
  contains?(artifact: Artifact, isWanted: (text: string) => boolean): Promise<boolean>
  /** Whether an input of this kind can read an output of kind `produced`. @default the descriptions are equal */
  accepts?(produced: KindDescription): boolean
  /** The file extension of exported artifacts, for example `parquet` or `json`. */
  readonly extension?: string
  /** For a list: the kind of its items, over which `each` maps. */
  readonly item?: AnyKind
}

/** A kind of any value. `any`, because nothing else is both a supertype and a subtype of every `Kind<R, W>`. */
export type AnyKind = Kind<any, any>
/** Kinds by name, as the inputs or outputs of a step declare them. */
export type Kinds = Readonly<Record<string, AnyKind>>
/** What a step receives for an input of a kind. */
export type Read<K> = K extends Kind<infer R, any> ? R : never
/** What a step may return for an output of a kind. */
export type Write<K> = K extends Kind<any, infer W> ? W : never
/** What a step receives for its inputs, by name. */
export type Reads<K extends Kinds> = { readonly [Name in keyof K]: Read<K[Name]> }
/** What a step may return for its outputs, by name. */
export type Writes<K extends Kinds> = { readonly [Name in keyof K]: Write<K[Name]> }

/** How much of an artifact to keep: a number of rows, or a share from 0 to 1. */
export type SampleSize = { readonly count: number } | { readonly share: number }
/** A sample: a value for `encode` that has `kept` of the artifact's `of` rows. */
export interface Sample {
  readonly value: unknown
  readonly kept: number
  readonly of: number
}

/** Gives `encode` the files that it writes. */
export interface Encoder {
  /** Returns a new path in a scratch folder for a large artifact. The file then belongs to the store. */
  file(): string
  /**
   * Takes over a file that the step returns. Copies it, unless it is large (1 MiB) and in the step's scratch folder.
   * Returns the path of the file that then belongs to the store.
   */
  take(path: string): Promise<string>
  readonly signal: AbortSignal
}

/** An encoded value: its bytes, a file that holds them, or the items of a list. */
export type Encoded = (
  { readonly bytes: Uint8Array } | { readonly file: string } | { readonly items: readonly EncodedItem[] }
) & {
  /** Shown beside the artifact, for example `{ rows: 3000000 }`. */
  readonly summary?: Summary
  /** For a kind whose bytes cannot be reproducible: the SHA-256 of their meaning, in hex. */
  readonly contentDigest?: string
}
/** An encoded item of a list. */
export type EncodedItem = Exclude<Encoded, { readonly items: unknown }> & { readonly label?: string }
/** Facts about an artifact that are shown beside it, by name. */
export type Summary = Readonly<Record<string, number | string>>

/** An artifact as a kind reads it. The bytes are checked against the digest before `bytes` or `path` returns. */
export interface Artifact {
  readonly ref: ArtifactRef
  /** Returns the bytes. */
  bytes(): Promise<Uint8Array>
  /** Returns the path of a local file with the bytes. Never write to it. */
  path(): Promise<string>
  /** Opens an item of a list. */
  item(ref: ArtifactRef): Artifact
}

/** A reference to an artifact, as records store it. */
export interface ArtifactRef {
  /** The SHA-256 of the bytes, in hex. */
  readonly digest: string
  /** The number of bytes. */
  readonly size: number
  /** The content of a small artifact: as text, or in base64 when it is not valid UTF-8. */
  readonly text?: string
  readonly base64?: string
  readonly contentDigest?: string
  /** For a list: the number of items. */
  readonly items?: number
  readonly summary?: Summary
  /** For an item of a list: its label, for example the value of a partition. */
  readonly label?: string
}

/** Returns the digest that identifies an artifact's content. Artifacts with equal results are interchangeable. */
export function contentOf(ref: ArtifactRef): string {
  return ref.contentDigest ?? ref.digest
}

/** What records store about a kind. Artifacts of equal descriptions can be read by the same kind. */
export interface KindDescription {
  readonly kind: string
  readonly version: number
  readonly schema: Json
}

/** Returns the description of a kind. */
export function describeKind({ name, version, schema }: AnyKind): KindDescription {
  return { kind: name, version, schema }
}

/** Whether an input of kind `wanted` can read an output of kind `produced`. */
export function fits(wanted: AnyKind, produced: KindDescription): boolean {
  return wanted.accepts?.(produced) ?? canonical(produced) === canonical(describeKind(wanted))
}

/** Options of a kind's `compare`. */
export interface CompareOptions {
  /** How many rows to show as examples. */
  readonly rows: number
  /** Key columns: rows with equal keys are compared with each other. @default rows at the same position */
  readonly key?: readonly string[]
  /** For models: the tables on whose rows each model predicts. */
  readonly tried?: { readonly before: Artifact; readonly after: Artifact }
}
/** One table of a comparison. A cell with two values holds the value before and the value after. */
export interface Compared {
  readonly title: string
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: readonly (readonly Json[])[]
}

/** Options of a kind's `preview`. */
export interface PreviewOptions {
  /** How many rows or items to show. */
  readonly rows: number
}
/** What a person is shown of an artifact. `total` is the number of all rows. */
export type Preview =
  | {
      readonly type: 'table'
      readonly columns: readonly { readonly name: string; readonly type: string }[]
      readonly rows: readonly (readonly Json[])[]
      readonly total: number
    }
  | { readonly type: 'json'; readonly value: Json }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'summary'; readonly fields: Readonly<Record<string, Json>> }

/** Formats a kind for an error message. */
export function kindText({ kind, schema }: { kind: string; schema: Json }): string {
  return `${kind} ${canonical(schema)}`
}
