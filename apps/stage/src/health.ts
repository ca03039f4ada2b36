import type { HostHealth } from '@cairn/drivers/compute'
import type { Connected } from '@cairn/drivers/connection'
import { standstillText } from '@cairn/drivers/events/kafka'
import { probed, type Health } from '@cairn/stage'

/** After this time without an answered heartbeat, the process is unhealthy and should be restarted. */
const DEAD_AFTER_MS = 120_000

/**
 * @param machine what this machine lacks to compute, if anything
 * @param stopping whether the process is shutting down and should get no new work
 */
export function stageHealth({ bus, store }: Connected, machine: HostHealth, stopping: () => boolean): Health {
  return {
    live: () =>
      Object.fromEntries(
        bus
          .status()
          .subscriptions.map(({ topic, heartbeatAge = 0 }) => [
            topic,
            heartbeatAge < DEAD_AFTER_MS ? 'ok' : `no answer to a heartbeat for ${Math.round(heartbeatAge / 1000)} s`,
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
        process: stopping() ? 'stopping' : 'ok',
        machine: fault?.message ?? 'ok',
        events: kafka === 'ok' && !joined ? 'has not joined its group yet' : kafka,
        store: objects,
        progress: standing.length === 0 ? 'ok' : standing.join('; '),
      }
    },
  }
}
