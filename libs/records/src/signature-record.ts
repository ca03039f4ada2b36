/** The signature of a record, and who made it. */
export interface Signature {
  /** Name of the identity. */
  readonly by: string
  /** Ed25519 signature, base64, of the whole record except a checkpoint's generation. */
  readonly value: string
}
