/** What must and must not compile. The type check covers this file; it never runs. */
import { step, type Kind } from '@cairn/kernel'
import type { StageEvent } from '@cairn/consumer'
import { OnStage } from './on-stage.ts'

declare const Metrics: Kind<{ readonly auc: number }>
const evaluate = step('evaluate', { outputs: { metrics: Metrics }, run: () => ({ metrics: { auc: 1 } }) })
const train = step('train', { outputs: { trees: Metrics }, run: () => ({ trees: { auc: 1 } }) })

export class Handlers {
  @OnStage(evaluate, 'completed')
  async right(done: StageEvent<typeof evaluate>): Promise<number> {
    const { metrics } = await done.outputs()
    return metrics.auc
  }

  @OnStage(evaluate, 'failed', { group: 'alarm', from: 'now' })
  needsNoEvent(): void {}

  // @ts-expect-error an unknown option
  @OnStage(evaluate, 'failed', { grup: 'alarm' })
  unheard(): void {}

  // @ts-expect-error an event of another step
  @OnStage(evaluate, 'completed')
  wrong(_done: StageEvent<typeof train>): void {}

  // @ts-expect-error an unknown way to end
  @OnStage(evaluate, 'done')
  misspelt(): void {}
}
