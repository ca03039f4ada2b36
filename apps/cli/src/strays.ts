import { strayError } from '@cairn/embedded'
import { EXIT, fail } from './fail.ts'

let isWatching = false

/**
 * From now on, where code of the project throws outside of any call that could catch it, that is told as every other error
 * is, and ends the command. Where one has been told already, the command is about to end for that one.
 */
export function endOnStrays(root: string, { json = false }: { readonly json?: boolean }): void {
  if (isWatching) return
  isWatching = true
  process.once('uncaughtException', (error) => {
    if (!process.exitCode) fail(strayError(error, root) ?? error, { json })
    process.exit(process.exitCode ?? EXIT.error)
  })
}
