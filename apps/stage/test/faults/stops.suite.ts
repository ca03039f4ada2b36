import { expect, it } from 'vitest'
import type { Case } from './cases.fixture.ts'

export function stops(theWorld: Case): void {
  it('completes a short task in the same process after SIGTERM', async () => {
    const world = theWorld()
    await world.stop(world.replica('total'))
    // The grace period in seconds; long enough for the task even on a slow machine.
    const patient = await world.startStage('total', { CAIRN_SHUTDOWN_TIMEOUT: '600' })
    const { pid } = patient
    const run = await world.submit(world.fresh({ totalMs: 500 }))
    await world.untilHeard(run, 'attempt-started/1', 'total')
    expect(await patient.restart('SIGTERM')).toBe(0)
    await world.untilEnded([run])
    const { host, attempts } = await world.end(run, 'total')
    expect([host.split('/')[1], attempts]).toEqual([String(pid), 1])
    await world.stop(patient)
    await world.startStage('total')
  })

  it('leaves a long task to another process after SIGTERM, without a failed attempt', async () => {
    const world = theWorld()
    const total = world.replica('total')
    const { pid } = total
    const run = await world.submit(world.fresh({ totalMs: 8_000 }))
    await world.untilHeard(run, 'attempt-started/1', 'total')
    expect(await total.restart('SIGTERM')).toBe(0)
    expect(await world.untilEnded([run])).toEqual({ [run]: 'completed' })
    const { host, attempts } = await world.end(run, 'total')
    expect(host.split('/')[1]).not.toBe(String(pid))
    expect(attempts).toBe(1)
  })

  it('discards the result of a process that was stopped for longer than its session', async () => {
    const world = theWorld()
    const zombie = world.replica('total')
    const run = await world.submit(world.fresh({ totalMs: 3_000 }))
    await world.untilHeard(run, 'attempt-started/1', 'total')
    await world.until('its body is at work', () => zombie.log.includes(`"run":"${run}","node":"total"`))
    const thaw = zombie.freeze()
    const other = await world.startStage('total')
    expect(await world.untilEnded([run])).toEqual({ [run]: 'completed' })
    expect((await world.end(run, 'total')).host.split('/')[1]).toBe(String(other.pid))
    thaw()
    // It publishes the event of the existing record once more, and does not change the record.
    await world.until('the zombie has published', () => (world.received.get(`${run}/total/completed`)?.times ?? 0) > 1)
    expect((await world.end(run, 'total')).host.split('/')[1]).toBe(String(other.pid))
    expect(zombie.ends.at(-1)).not.toBe('SIGKILL')
    await world.stop(other)
  })
}
