import { topicOf, type QueuedRun, type Subscription } from '@cairn/records'
import type { ControlHost } from './control-host.ts'

/** Receives hints that runs have ended. A missed or false hint only delays or adds a check. */
export class EndHints {
  readonly #host: Pick<ControlHost, 'env' | 'bus'>
  readonly #onEnd: () => void
  readonly #subscriptions = new Map<string, Promise<Subscription>>()

  constructor(host: Pick<ControlHost, 'env' | 'bus'>, onEnd: () => void) {
    this.#host = host
    this.#onEnd = onEnd
  }

  /** Subscribes to the ends of these runs' pipelines. */
  listen(runs: readonly QueuedRun[]): void {
    const { bus, env } = this.#host
    for (const { pipeline } of runs) {
      if (this.#subscriptions.has(pipeline)) continue
      const subscription = bus.listen(topicOf({ env, pipeline }), ({ type }) => {
        if (type === 'cairn.run-ended') this.#onEnd()
      })
      this.#subscriptions.set(pipeline, subscription)
      subscription.catch(() => this.#subscriptions.delete(pipeline))
    }
  }

  async close(): Promise<void> {
    const made = [...this.#subscriptions.values()]
    await Promise.allSettled(made.map((subscription) => subscription.then((open) => open.close())))
  }
}
