import { pidOf } from '@cairn/drivers/process-id'
import { when } from '@cairn/workspace'
import { timeZone } from '../open.ts'
import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import type { ServiceHealth, State } from './health.ts'
import type { Running } from './stack.ts'

const FORMATS = { ready: 'green', 'not ready': 'yellow', 'no answer': 'red' } as const satisfies Record<State, string>

export function statusText(found: readonly ServiceHealth[]): string {
  const allHealthy = found.every(({ findings }) => findings === '')
  const zone = timeZone()
  const rows = found.map(({ name, state, url, findings, pid, since, restarts }) => [
    paint(FORMATS[state], state),
    name,
    url,
    String(pid ?? ''),
    since === undefined ? '' : when(Date.parse(since), zone),
    String(restarts ?? ''),
    ...(allHealthy ? [] : [findings]),
  ])
  const titles = ['', 'service', 'address', 'pid', 'since', 'restarts', ...(allHealthy ? [] : [''])]
  return table(
    titles.map((title) => ({ title, align: title === 'pid' || title === 'restarts' ? 'right' : 'left' })),
    rows,
    (title) => paint('dim', title),
  )
}

/** The warning that the supervisor has died. */
export function supervisorText({ supervisor }: Running): string {
  return `the supervisor (process ${pidOf(supervisor)}) has died: services that end are not restarted`
}
