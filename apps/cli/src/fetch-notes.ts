import { bytes } from '@cairn/workspace'
import { paint } from './terminal/style.ts'

/** An object that is being fetched from services. */
export interface Fetch {
  readonly digest: string
  /** Size in bytes; undefined if unknown. */
  readonly size: number | undefined
}

/** Smaller objects arrive before anybody could read a message. Bytes. */
const MIN_REPORTED_BYTES = 1_000_000

const { stderr } = process
const atTerminal = (line: string) => void (stderr.isTTY && stderr.write(`${paint('dim', line, stderr)}\n`))
let report: (line: string) => void = atTerminal

/** Announces long fetches to the current progress display, or at a terminal. */
export function reportFetch({ digest, size = 0 }: Fetch): void {
  if (size >= MIN_REPORTED_BYTES) report(`fetching ${bytes(size)} (${digest.slice(0, 8)})`)
}

/** @returns a function that restores the default */
export function reportFetchesTo(other: (line: string) => void): () => void {
  report = other
  return () => (report = atTerminal)
}
