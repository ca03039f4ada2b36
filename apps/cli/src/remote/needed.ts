import { CairnError } from '@cairn/kernel/runtime'
import type { GlobalOptions } from '../open.ts'

/** The context of a command that makes no sense without one. */
export function contextNamed({ on }: GlobalOptions, why: string): string {
  if (on !== undefined) return on
  throw new CairnError('BAD_PARAMETER', `this needs --on <context>: ${why}`, {
    next: 'cairn up gives the context "local"',
  })
}
