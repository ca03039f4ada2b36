import { setTimeout as sleep } from 'node:timers/promises'
import { STEPS } from '../faults/world.fixture.ts'
import type { Faults, Soaked } from './faults.fixture.ts'

const HOUR_MS = 3_600_000
/** An S3 server refuses requests if the clock differs by more than 15 minutes. */
const SMALL_STEP_MS = 600_000

/** Faults of Kafka and MinIO. Cause only one at a time; other faults may happen meanwhile. */
export function serverFaults({ servers, dice: { between } }: Soaked): Faults {
  const killed = async (server: 'kafka' | 'minio') => {
    await servers[server].kill()
    await sleep(between(1_000, 10_000))
    await servers[server].start()
  }
  return {
    'Kafka killed': () => killed('kafka'),
    'MinIO killed': () => killed('minio'),
    'Kafka hangs': async () => {
      servers.kafka.signal('SIGSTOP')
      await sleep(between(2_000, 8_000))
      servers.kafka.signal('SIGCONT')
    },
    ...(servers.hasDisk && {
      'disk of MinIO full': async () => {
        const free = servers.fillDisk()
        await sleep(between(2_000, 10_000))
        free()
      },
    }),
  }
}

/** Faults of the machine of the stages and control: clock, disk and network. */
export function machineFaults({ world, scratch, dice: { between, oneOf } }: Soaked): Faults {
  const stepped = async (most: number) => {
    const name = oneOf([...STEPS, 'control'])
    world.setClock(name, Math.round(between(-most, most)))
    await sleep(between(2_000, 15_000))
    world.setClock(name, 0)
  }
  return {
    'clock set by up to 10 minutes': () => stepped(SMALL_STEP_MS),
    'clock set by up to an hour': () => stepped(HOUR_MS),
    ...(scratch && {
      'disk of the stages full': async () => {
        const free = scratch.fill()
        await sleep(between(2_000, 10_000))
        free()
      },
    }),
    'requests go wrong': () => {
      const fault = oneOf(['answer lost', 'request lost', 'cut off', 'busy', 'denied'] as const)
      const path = oneOf([/\/objects\//, /\/checkpoints\//, /\/attempts\//, /\/ends\//, /\/end$/])
      void world.proxy.next(fault, 'PUT', path, Math.ceil(between(0, 6)))
    },
  }
}
