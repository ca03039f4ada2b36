/** Which run is in production, and how it came there. */
export interface Champion {
  readonly v: number
  readonly run: string
  readonly since: number
  /** Who made it so. */
  readonly by: string
  /** The run of a playground that was promoted; none of a roll-back. */
  readonly from?: string
  /** The run that was in production until then. */
  readonly replaced?: string
  /** What is rolled back to. */
  readonly previous?: Omit<Champion, 'v'>
  /** Set once consumers have been told of it. */
  readonly announced?: true
}

export const PRODUCTION = 'production'
