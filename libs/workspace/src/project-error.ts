import { CairnError } from '@cairn/kernel'
import { errorRecord } from '@cairn/records'
import { placeIn } from './import-source.ts'

/**
 * Describes an uncaught error that project code threw outside any step: in a timer, or in a promise that nothing
 * awaits. Undefined when other code threw it.
 */
export function projectError(error: unknown, root: string): CairnError | undefined {
  const place = placeIn(error, root)
  if (place === undefined) return undefined
  const [text] = errorRecord(error).message.split('\n')
  return new CairnError('BAD_DEFINITION', `uncaught error at ${place}: ${text}`, {
    next: 'await each promise, and catch errors in callbacks of timers and events',
    cause: error,
  })
}
