import { CairnError, errorRecord } from '@cairn/kernel/runtime'
import { placeIn } from './import-source.ts'

/**
 * What to tell of an error that came to a process outside of any call that could have caught it, where code of the project
 * threw it while, or after, it was loaded: in a timer, in a promise that nothing awaits. Undefined where other code did.
 */
export function strayError(error: unknown, root: string): CairnError | undefined {
  const place = placeIn(error, root)
  if (place === undefined) return undefined
  const [text] = errorRecord(error).message.split('\n')
  return new CairnError('BAD_DEFINITION', `${place} throws an error that nothing catches: ${text}`, {
    next: 'await each promise, and catch what callbacks of timers and events throw',
    cause: error,
  })
}
