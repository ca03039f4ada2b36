import { expect, it } from 'vitest'
import type { Connected } from '@cairn/drivers/connection'
import { stageHealth } from './health.ts'

/** The health of a stage whose subscription was last answered so long ago. */
function live(heartbeatAge: number, probe: () => Promise<void>) {
  const bus = { status: () => ({ subscriptions: [{ topic: 'cairn.local', heartbeatAge }] }), probe }
  return stageHealth({ bus, store: {} } as unknown as Connected, {} as never, () => false).live()
}
const responds = () => Promise.resolve()
const isAway = () => Promise.reject(new Error('connect ECONNREFUSED'))

it('a stage is alive during an outage of Kafka, which a restart would not end', async () => {
  expect(await live(600_000, isAway)).toEqual({ process: 'ok' })
})

it('a stage with a stuck subscription is not alive', async () => {
  expect(await live(130_000, responds)).toEqual({
    process: 'ok',
    'cairn.local': 'no answer to a heartbeat for 130 s, although Kafka responds',
  })
  expect(await live(110_000, responds)).toEqual({ process: 'ok' })
})
