import { setTimeout as sleep } from 'node:timers/promises'
import { POINTS, STEPS } from '../faults/world.fixture.ts'
import type { Faults, Soaked } from './faults.fixture.ts'

/** Faults of stages, control and a consumer. Each killed process is restarted at once. */
export function processFaults({ world, consumer, dice: { between, oneOf } }: Soaked): Faults {
  const frozen = async (name: string) => {
    const thaw = world.replica(name).freeze()
    await sleep(between(7_000, 13_000))
    thaw()
  }
  const killedAtPoint = () => world.arm(oneOf(STEPS), oneOf(POINTS))
  return {
    'kill -9': () => world.replica(oneOf(STEPS)).signal('SIGKILL'),
    'kill -9 at a point': killedAtPoint,
    'kill -9 at a point, again': killedAtPoint,
    'kill -9 of control': () => world.replica('control').signal('SIGKILL'),
    'kill -9 of a consumer': () => consumer.signal('SIGKILL'),
    SIGTERM: () => world.replica(oneOf(STEPS)).signal('SIGTERM'),
    'SIGTERM of control': () => world.replica('control').signal('SIGTERM'),
    'SIGSTOP beyond the session': () => frozen(oneOf(STEPS)),
    'SIGSTOP of control': () => frozen('control'),
    'a member joins and leaves': async () => {
      const replica = await world.startStage(oneOf(STEPS))
      await sleep(between(2_000, 8_000))
      await world.stop(replica, oneOf(['SIGTERM', 'SIGKILL']))
    },
  }
}
