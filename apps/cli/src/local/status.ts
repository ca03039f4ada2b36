import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import type { Found, State } from './health.ts'

const FORMATS = { ready: 'green', 'not ready': 'yellow', 'no answer': 'red' } as const satisfies Record<State, string>

export function statusText(found: readonly Found[]): string {
  const rows = found.map(({ name, state, url, findings }) => [paint(FORMATS[state], state), name, url, findings])
  return table(
    ['', 'service', 'address', ''].map((title) => ({ title })),
    rows,
    (title) => paint('dim', title),
  )
}
