import { Script } from 'node:vm'

const KEY = Symbol.for('cairn.within')
const CALL = new Script(`globalThis[Symbol.for('cairn.within')]()`)

/**
 * Runs a synchronous function and stops it after `ms` milliseconds, even inside an endless loop.
 * @throws Error ERR_SCRIPT_EXECUTION_TIMEOUT when the time is over
 */
export function within<Result>(ms: number, run: () => Result): Result {
  const holder = globalThis as { [KEY]?: () => Result }
  holder[KEY] = run
  try {
    return CALL.runInThisContext({ timeout: Math.ceil(ms) }) as Result
  } finally {
    delete holder[KEY]
  }
}
