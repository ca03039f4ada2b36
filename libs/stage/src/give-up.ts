import { CairnError } from '@cairn/kernel'

/**
 * For `uncaughtException`: ends the process with what went wrong and what to do about it; a stack only of what no one has
 * foreseen.
 */
export function giveUp(say: (about: object, message: string) => void): (error: unknown) => void {
  return (error) => {
    if (error instanceof CairnError) say({ code: error.code, next: error.next }, error.message)
    else say({ err: error }, 'given up')
    process.exit(1)
  }
}
