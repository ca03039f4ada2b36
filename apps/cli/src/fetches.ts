import { bytes } from '@cairn/workspace'
import { paint } from './terminal/style.ts'

/** An object that is about to be fetched from services. */
export interface Fetch {
  readonly digest: string
  /** Bytes; undefined where it is not told. */
  readonly size: number | undefined
}

/** What is smaller is there before it has been read of. Bytes. */
const TOLD = 1_000_000

const { stderr } = process
const atTerminal = (line: string) => void (stderr.isTTY && stderr.write(`${paint('dim', line, stderr)}\n`))
let tell: (line: string) => void = atTerminal

/** Tells of what takes a while to fetch: a person at a terminal, or whoever shows progress just now. */
export function tellFetch({ digest, size = 0 }: Fetch): void {
  if (size >= TOLD) tell(`fetching ${bytes(size)} (${digest.slice(0, 8)})`)
}

/** @returns what puts things back */
export function tellFetchesTo(other: (line: string) => void): () => void {
  tell = other
  return () => (tell = atTerminal)
}
