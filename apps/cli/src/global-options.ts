/** Options of every command. */
export interface GlobalOptions {
  readonly json?: boolean
  readonly project?: string
  readonly store?: string
  /** The context whose services are used instead of the local store. */
  readonly on?: string
  /** The playground to work in. */
  readonly playground?: string
}
