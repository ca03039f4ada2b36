import { CairnError } from '@cairn/kernel'

/**
 * Handler for `uncaughtException`: logs the error and its hint, then ends the process. Only unexpected errors are
 * logged with their stack.
 */
export function exitOnError(log: (about: object, message: string) => void): (error: unknown) => void {
  return (error) => {
    if (error instanceof CairnError) log({ code: error.code, next: error.next }, error.message)
    else log({ err: error }, 'given up')
    process.exit(1)
  }
}
