import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { issueText } from './issue-text.ts'

/**
 * What one may do: read records and artifacts, start runs, cancel them, replay dead letters, write what others adopt, say
 * which run is in production, remove what is no longer kept.
 */
export const RIGHTS = ['read', 'run', 'cancel', 'replay', 'adopt', 'promote', 'collect'] as const
export type Right = (typeof RIGHTS)[number]

const Tokens = z.array(
  z.object({
    name: z.string(),
    /** SHA-256 of the token, hex: the file itself lets no one in. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    /** A pipeline's name, or `*`. */
    pipelines: z.array(z.string()).default(['*']),
    rights: z.array(z.enum(RIGHTS)),
  }),
)
type Token = z.infer<typeof Tokens>[number]

export interface Tokens {
  /** Who holds a token; undefined for one that is not known. */
  holder(token: string): Holder | undefined
  /** Why the file cannot be read as it is now; what it said before holds on. Undefined when it can. */
  fault(): string | undefined
}
export interface Holder {
  readonly name: string
  /** Two tokens of one name are two. */
  readonly id: string
  may(right: Right, pipeline: string): boolean
  /** Whether it has the right for any pipeline at all. */
  mayAnywhere(right: Right): boolean
}

const FRESH_MS = 1_000

/**
 * Read anew for each request that comes a second after the last: tokens are taken away without a restart.
 *
 * @param onFault told once of each new reason for which the file cannot be read
 */
export function tokensIn(file: string, onFault: (fault: string) => void = () => {}): Tokens {
  let known: readonly Token[] = []
  let fault: string | undefined
  let readAt = -Infinity
  const look = () => {
    if (performance.now() - readAt < FRESH_MS) return
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
    fault() {
      look()
      return fault
    },
    holder(token) {
      look()
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
