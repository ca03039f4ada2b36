import { strayError } from '@cairn/workspace'
import { EXIT, fail } from './fail.ts'

let isWatching = false

/**
 * From now on, an uncaught error of the project's code is printed like any other error, and ends the command. If an error
 * has already been printed, the command just ends.
 */
export function endOnStrays(root: string, { json = false }: { readonly json?: boolean }): void {
  if (isWatching) return
  isWatching = true
  process.once('uncaughtException', (error) => {
    if (!process.exitCode) fail(strayError(error, root) ?? error, { json })
    process.exit(process.exitCode ?? EXIT.error)
  })
}
