import { projectError } from '@cairn/workspace'
import { EXIT, fail } from './fail.ts'

let isInstalled = false

/**
 * From now on, an uncaught error of the project's code is printed like any other error, and ends the command. If an error
 * has already been printed, the command just ends.
 */
export function exitOnUncaughtErrors(root: string, { json = false }: { readonly json?: boolean }): void {
  if (isInstalled) return
  isInstalled = true
  process.once('uncaughtException', (error) => {
    if (!process.exitCode) fail(projectError(error, root) ?? error, { json })
    process.exit(process.exitCode ?? EXIT.error)
  })
}
