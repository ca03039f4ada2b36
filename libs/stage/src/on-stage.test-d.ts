/** What must and must not compile. Checked by the typecheck; never run. */
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

  // @ts-expect-error an option that there is not
  @OnStage(evaluate, 'failed', { grup: 'alarm' })
  unheard(): void {}

  // @ts-expect-error an event of another step
  @OnStage(evaluate, 'completed')
  wrong(_done: StageEvent<typeof train>): void {}

  // @ts-expect-error a way of ending that there is not
  @OnStage(evaluate, 'done')
  misspelt(): void {}
}
