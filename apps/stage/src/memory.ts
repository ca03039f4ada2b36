import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Until what was compiled for the start is no longer needed. */
const AFTER_MS = 2_000

/** What starting has left is collected only when more is needed, which a stage that waits for work may never do. */
export function giveBackMemory(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as (options: { type: 'major'; flavor: 'last-resort' }) => void
    collect({ type: 'major', flavor: 'last-resort' })
  }, AFTER_MS).unref()
}
