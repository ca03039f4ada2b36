/** Options of every command. */
export interface GlobalOptions {
  readonly json?: boolean
  readonly project?: string
  readonly store?: string
  /** The context whose services are meant, not the store of this machine. */
  readonly on?: string
  /** The playground whose runs are meant, too. */
  readonly playground?: string
}
