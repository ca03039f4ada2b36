import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'

/**
 * What one may do: read records and artifacts, start runs, cancel them, replay dead letters, write what others adopt, say
 * which run is in production.
 */
export const RIGHTS = ['read', 'run', 'cancel', 'replay', 'adopt', 'promote'] as const
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
}
export interface Holder {
  readonly name: string
  may(right: Right, pipeline: string): boolean
}

/** Read anew for each request that comes a second after the last: tokens are taken away without a restart. */
export function tokensIn(file: string): Tokens {
  let known: readonly Token[] = []
  let readAt = -Infinity
  const tokens = () => {
    if (performance.now() - readAt > 1_000) {
      known = Tokens.parse(JSON.parse(readFileSync(file, 'utf8')))
      readAt = performance.now()
    }
    return known
  }
  return {
    holder(token) {
      const digest = createHash('sha256').update(token).digest()
      const found = tokens().find(({ sha256 }) => timingSafeEqual(Buffer.from(sha256, 'hex'), digest))
      return (
        found && {
          name: found.name,
          may: (right, pipeline) =>
            found.rights.includes(right) && found.pipelines.some((allowed) => allowed === '*' || allowed === pipeline),
        }
      )
    },
  }
}
