import type { HostHealth } from '@cairn/drivers/compute'
import type { Connected } from '@cairn/drivers/connection'
import { standstillText } from '@cairn/drivers/events/kafka'
import { checkResult, type Health } from '@cairn/stage'

/**
 * If Kafka responds but a subscription has had no answer for this time, only a restart can repair it. While Kafka does not
 * respond, no restart is needed.
 */
const DEAD_AFTER_MS = 120_000

/**
 * @param machine what this machine lacks to compute, if anything
 * @param stopping whether the process is shutting down and should get no new work
 */
export function stageHealth({ bus, store }: Connected, machine: HostHealth, stopping: () => boolean): Health {
  return {
    async live() {
      const { subscriptions } = bus.status()
      const silent = subscriptions.filter(({ heartbeatAge = 0 }) => heartbeatAge >= DEAD_AFTER_MS)
      const isStuck = silent.length > 0 && (await checkResult(bus.probe())) === 'ok'
      const age = (ms = 0) => `no answer to a heartbeat for ${Math.round(ms / 1000)} s, although Kafka responds`
      return {
        process: 'ok',
        ...(isStuck && Object.fromEntries(silent.map(({ topic, heartbeatAge }) => [topic, age(heartbeatAge)]))),
      }
    },
    async ready() {
      const { subscriptions } = bus.status()
      const joined = subscriptions.every(({ connected }) => connected)
      const blocked = subscriptions.flatMap(({ topic, standstills }) =>
        standstills.map((standstill) => standstillText({ topic, ...standstill })),
      )
      const [kafka, objects, fault] = await Promise.all([
        checkResult(bus.probe()),
        checkResult(store.stat('store.json')),
        machine.fault(),
      ])
      return {
        process: stopping() ? 'stopping' : 'ok',
        machine: fault?.message ?? 'ok',
        events: kafka === 'ok' && !joined ? 'has not joined its group yet' : kafka,
        store: objects,
        progress: blocked.length === 0 ? 'ok' : blocked.join('; '),
      }
    },
  }
}
