/** The run that is in production, and how it got there. */
export interface Champion {
  readonly v: number
  readonly run: string
  readonly since: number
  /** Who promoted it or rolled back to it. */
  readonly by: string
  /** The playground run that was promoted; absent after a rollback. */
  readonly from?: string
  /** The run that was in production before. */
  readonly replaced?: string
  /** The champion that a rollback restores. */
  readonly previous?: Omit<Champion, 'v'>
  /** Set once the event has been sent to consumers. */
  readonly announced?: true
}

/** Name of the ref that holds the champion, and of the production run where commands take a run. */
export const PRODUCTION = 'production'
