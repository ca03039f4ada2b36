import type { HostHealth } from '@cairn/drivers/compute'
import type { Connected } from '@cairn/drivers/connection'
import { standstillText } from '@cairn/drivers/events/kafka'
import { probed, type Health } from '@cairn/stage'

/** Without an answered heartbeat for so long, this process is not what it should be: a restart is worth it. */
const DEAD_AFTER_MS = 120_000

/**
 * @param machine what this machine lacks to compute, if anything
 * @param stopping whether the process is on its way out: it should get nothing new
 */
export function stageHealth({ bus, store }: Connected, machine: HostHealth, stopping: () => boolean): Health {
  return {
    live: () =>
      Object.fromEntries(
        bus
          .status()
          .subscriptions.map(({ topic, heartbeatAge = 0 }) => [
            topic,
            heartbeatAge < DEAD_AFTER_MS ? 'ok' : `no heartbeat was answered for ${Math.round(heartbeatAge / 1000)} s`,
          ]),
      ),
    async ready() {
      const { subscriptions } = bus.status()
      const joined = subscriptions.every(({ connected }) => connected)
      const standing = subscriptions.flatMap(({ topic, standstills }) =>
        standstills.map((standstill) => standstillText({ topic, ...standstill })),
      )
      const [kafka, objects, fault] = await Promise.all([
        probed(bus.probe()),
        probed(store.stat('store.json')),
        machine.fault(),
      ])
      return {
        process: stopping() ? 'is stopping' : 'ok',
        machine: fault?.message ?? 'ok',
        events: kafka === 'ok' && !joined ? 'has not joined its group yet' : kafka,
        store: objects,
        progress: standing.length === 0 ? 'ok' : standing.join('; '),
      }
    },
  }
}
