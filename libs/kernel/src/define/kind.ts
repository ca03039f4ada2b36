import { canonical, type Json } from '../json.ts'

/**
 * A kind of artifact: how a value that a step returns becomes bytes, and how a later step gets it back.
 *
 * `Write` is what a step may return, `Read` is what a step receives: a table may be returned as plain rows and
 * received as something that can be queried.
 *
 * The same value must always give the same bytes, on any number of threads: digests and keys rest on it.
 */
export interface Kind<Read, Write = Read> {
  /** `json`, `table`, `model`, … */
  readonly name: string
  /** Raise it when `encode` writes other bytes for the same value: every key that involves the kind changes. */
  readonly version: number
  /** What the values look like. Counts in keys, and is what a refusal shows. */
  readonly schema: Json
  /**
   * Checks the value and writes it.
   * @throws CairnError BAD_OUTPUT that says where the value is wrong: path, column, row
   */
  encode(value: Write, to: Encoder): Encoded | Promise<Encoded>
  /** Opens an artifact. Large kinds return something lazy. */
  decode(artifact: Artifact): Read | Promise<Read>
  /** What a person sees of an artifact, for `cairn cat`. */
  preview?(artifact: Artifact, options: PreviewOptions): Promise<Preview>
  /** How an artifact differs from another one, in more words than their digests. */
  compare?(before: Artifact, after: Artifact, options: CompareOptions): Promise<readonly Compared[]>
  /** Fewer of the rows, spread evenly and in their order: a value to encode. For a quick look with less data. */
  cut?(artifact: Artifact, size: CutSize): Promise<Cut>
  /**
   * Whether a text in it is one that is looked for. For a kind whose bytes do not show their texts as they are, since
   * they are compressed, say: it tells whether a secret is in an artifact.
   */
  contains?(artifact: Artifact, isWanted: (text: string) => boolean): Promise<boolean>
  /** Whether an input of this kind can read what an output of kind `produced` wrote. By default: the same description. */
  accepts?(produced: KindDescription): boolean
  /** What other programs call such a file: `parquet`, `json`. For artifacts that are written out. */
  readonly extension?: string
  /** Of a list: the kind of its items. What `each` maps over. */
  readonly item?: AnyKind
}

// Kinds meet in records, where what they hold does not matter: only `any` is both above and below every Kind<R, W>.
export type AnyKind = Kind<any, any>
export type Kinds = Readonly<Record<string, AnyKind>>
export type Read<K> = K extends Kind<infer R, any> ? R : never
export type Write<K> = K extends Kind<any, infer W> ? W : never
export type Reads<K extends Kinds> = { readonly [Name in keyof K]: Read<K[Name]> }
export type Writes<K extends Kinds> = { readonly [Name in keyof K]: Write<K[Name]> }

/** How much to keep: a number, or a share from 0 to 1. */
export type CutSize = { readonly count: number } | { readonly share: number }
export interface Cut {
  /** What `encode` takes. */
  readonly value: unknown
  readonly kept: number
  readonly of: number
}

export interface Encoder {
  /** A new path in a scratch folder, to write a large artifact to. The file then belongs to the store. */
  file(): string
  /**
   * Takes a file that the step names, and returns its path: a copy, or the file itself if it is large (1 MiB) and in the
   * step's own scratch folder. The file then belongs to the store.
   */
  take(path: string): Promise<string>
  readonly signal: AbortSignal
}

/** `summary` is shown beside the artifact (`{ rows: 3000000 }`). */
export type Encoded = (
  { readonly bytes: Uint8Array } | { readonly file: string } | { readonly items: readonly EncodedItem[] }
) & {
  readonly summary?: Summary
  /** Only for a kind whose bytes cannot be reproducible: a digest (SHA-256, hex) of what they mean. */
  readonly contentDigest?: string
}
export type EncodedItem = Exclude<Encoded, { readonly items: unknown }> & { readonly label?: string }
export type Summary = Readonly<Record<string, number | string>>

/** An artifact as a kind reads it. The bytes have been checked against the digest before any of this returns. */
export interface Artifact {
  readonly ref: ArtifactRef
  bytes(): Promise<Uint8Array>
  /** A local file with the bytes; not to be written to. */
  path(): Promise<string>
  /** An item of a list. */
  item(ref: ArtifactRef): Artifact
}

/** An artifact as records name it. */
export interface ArtifactRef {
  /** SHA-256 of the bytes, in hex. */
  readonly digest: string
  /** Bytes. */
  readonly size: number
  /** The bytes themselves when they are few: as text, or in base64 when they are no UTF-8. */
  readonly text?: string
  readonly base64?: string
  readonly contentDigest?: string
  /** Of a list: how many items. */
  readonly items?: number
  readonly summary?: Summary
  /** Of an item: what its maker calls it, a partition's value for one. */
  readonly label?: string
}

/** Two artifacts are interchangeable when these are equal. */
export function contentOf(ref: ArtifactRef): string {
  return ref.contentDigest ?? ref.digest
}

export interface KindDescription {
  readonly kind: string
  readonly version: number
  readonly schema: Json
}

export function describeKind({ name, version, schema }: AnyKind): KindDescription {
  return { kind: name, version, schema }
}

/** Whether an input of one kind can read what an output of another wrote. */
export function fits(wanted: AnyKind, produced: KindDescription): boolean {
  return wanted.accepts?.(produced) ?? canonical(produced) === canonical(describeKind(wanted))
}

export interface CompareOptions {
  /** How many rows to show as examples. */
  readonly rows: number
  /** Columns that tell rows apart: rows that agree in them are compared with each other. Default: their place. */
  readonly key?: readonly string[]
  /** Of models: the rows that each is tried on. */
  readonly tried?: { readonly before: Artifact; readonly after: Artifact }
}
/** One side of a comparison as a table. In a cell, a pair is a value that was and one that is. */
export interface Compared {
  readonly title: string
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: readonly (readonly Json[])[]
}

export interface PreviewOptions {
  /** How many rows or items to show. */
  readonly rows: number
}
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

/** A kind as a refusal shows it. */
export function kindText({ kind, schema }: { kind: string; schema: Json }): string {
  return `${kind} ${canonical(schema)}`
}
