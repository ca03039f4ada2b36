import { CairnError } from '@cairn/kernel'

/**
 * Handler for `uncaughtException`: logs the error and its hint, then ends the process. Only unexpected errors are
 * logged with their stack.
 */
export function giveUp(say: (about: object, message: string) => void): (error: unknown) => void {
  return (error) => {
    if (error instanceof CairnError) say({ code: error.code, next: error.next }, error.message)
    else say({ err: error }, 'given up')
    process.exit(1)
  }
}
