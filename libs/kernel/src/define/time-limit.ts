import { Script } from 'node:vm'

const KEY = Symbol.for('cairn.within')
const CALL = new Script(`globalThis[Symbol.for('cairn.within')]()`)

/**
 * Runs code, and ends it after a time, even in a loop that waits for nothing.
 *
 * @throws Error ERR_SCRIPT_EXECUTION_TIMEOUT
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
