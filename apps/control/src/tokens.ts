import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { issueText } from './issue-text.ts'

/**
 * Rights: read records and artifacts, start runs, cancel runs, replay dead letters, upload results for reuse, set the
 * production run, and collect the store.
 */
export const RIGHTS = ['read', 'run', 'cancel', 'replay', 'adopt', 'promote', 'collect'] as const
export type Right = (typeof RIGHTS)[number]

const Tokens = z.array(
  z.object({
    name: z.string(),
    /** SHA-256 of the token in hex, so that the file contains no usable token. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    /** A pipeline's name, or `*`. */
    pipelines: z.array(z.string()).default(['*']),
    rights: z.array(z.enum(RIGHTS)),
  }),
)
type Token = z.infer<typeof Tokens>[number]

export interface Tokens {
  /** The holder of a token; undefined for an unknown one. */
  holder(token: string): Holder | undefined
  /** Whether the file currently cannot be read; its previous content stays valid. */
  isBroken(): boolean
}
export interface Holder {
  readonly name: string
  /** Identifies the token, as two tokens may have the same name. */
  readonly id: string
  may(right: Right, pipeline: string): boolean
  /** Whether it has the right for at least one pipeline. */
  mayAnywhere(right: Right): boolean
}

const REFRESH_MS = 1_000

/**
 * Reads the file again at most once a second, so that tokens are revoked without a restart.
 *
 * @param onFault called once for each new reason why the file cannot be read
 */
export function tokensIn(file: string, onFault: (fault: string) => void = () => {}): Tokens {
  let known: readonly Token[] = []
  let fault: string | undefined
  let readAt = -Infinity
  const refresh = () => {
    if (performance.now() - readAt < REFRESH_MS) return
    readAt = performance.now()
    const before = fault
    try {
      known = Tokens.parse(JSON.parse(readFileSync(file, 'utf8')))
      fault = undefined
    } catch (error) {
      fault = `${file} cannot be read: ${error instanceof z.ZodError ? issueText(error, 'it') : (error as Error).message}`
      if (fault !== before) onFault(fault)
    }
  }
  return {
    isBroken() {
      refresh()
      return fault !== undefined
    },
    holder(token) {
      refresh()
      const digest = createHash('sha256').update(token).digest()
      const found = known.find(({ sha256 }) => timingSafeEqual(Buffer.from(sha256, 'hex'), digest))
      return (
        found && {
          name: found.name,
          id: found.sha256,
          may: (right, pipeline) =>
            found.rights.includes(right) && found.pipelines.some((allowed) => allowed === '*' || allowed === pipeline),
          mayAnywhere: (right) => found.rights.includes(right) && found.pipelines.length > 0,
        }
      )
    },
  }
}
