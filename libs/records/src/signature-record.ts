/** Who vouches for a record, by a signature over it. */
export interface Signature {
  /** Name of the identity. */
  readonly by: string
  /** Over the whole record, but for a checkpoint's generation; in base64. */
  readonly value: string
}
