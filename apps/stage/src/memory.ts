import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Until code that was compiled for the start is no longer needed. */
const AFTER_MS = 2_000

/** Collects garbage of the start, which V8 would leave until it needs memory, and an idle stage may never do. */
export function releaseMemory(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as (options: { type: 'major'; flavor: 'last-resort' }) => void
    collect({ type: 'major', flavor: 'last-resort' })
  }, AFTER_MS).unref()
}
