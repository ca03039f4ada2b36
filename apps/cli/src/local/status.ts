import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import type { Found, State } from './health.ts'

const FORMATS = { ready: 'green', 'not ready': 'yellow', 'no answer': 'red' } as const satisfies Record<State, string>

export function statusText(found: readonly Found[]): string {
  const isWell = found.every(({ findings }) => findings === '')
  const rows = found.map(({ name, state, url, findings }) => [
    paint(FORMATS[state], state),
    name,
    url,
    ...(isWell ? [] : [findings]),
  ])
  return table(
    ['', 'service', 'address', ...(isWell ? [] : [''])].map((title) => ({ title })),
    rows,
    (title) => paint('dim', title),
  )
}
