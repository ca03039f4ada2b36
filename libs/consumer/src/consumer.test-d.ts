/** What must and must not compile. The type check covers this file; it never runs. */
import { pipeline, step, type Kind } from '@cairn/kernel'
import { connectConsumer } from './connect.ts'
import type { Consumer } from './consumer.ts'
import type { StageEvent } from './stage-event.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Same<A, B>): void {}

declare const Metrics: Kind<{ readonly auc: number }>
declare const Rows: Kind<{ count(): Promise<number> }, readonly string[]>
const evaluate = step('evaluate', {
  outputs: { metrics: Metrics, rows: Rows },
  run: () => ({ metrics: { auc: 1 }, rows: [] }),
})
const train = step('train', { outputs: { trees: Metrics }, run: () => ({ trees: { auc: 1 } }) })
const watched = pipeline('watched', () => evaluate({}))
declare const cairn: Consumer

void cairn.subscribe(watched, evaluate, async (done) => {
  same<typeof done, StageEvent<typeof evaluate>>(true)
  const all = await done.outputs()
  same<(typeof all)['metrics'], { readonly auc: number }>(true)
  same<(typeof all)['rows'], { count(): Promise<number> }>(true)
  const some = await done.outputs('metrics')
  same<keyof typeof some, 'metrics'>(true)
  for await (const item of done.items('rows')) same<keyof typeof item, 'rows'>(true)
  // @ts-expect-error an output that the step does not have
  await done.outputs('metric')
  // @ts-expect-error an output that was not asked for
  void some.rows
  // @ts-expect-error a field that the output does not have
  void all.metrics.acu
})
// @ts-expect-error a handler of another step's events
void cairn.subscribe(watched, evaluate, (_done: StageEvent<typeof train>) => {})
// @ts-expect-error an unknown way to end
void cairn.subscribe(watched, evaluate, () => {}, { on: 'done' })
// @ts-expect-error an unknown start position
void cairn.subscribe(watched, evaluate, () => {}, { from: 'start' })
// @ts-expect-error an unknown option
void cairn.subscribe(watched, evaluate, () => {}, { grup: 'notify' })
// @ts-expect-error an unknown option of all subscriptions
void connectConsumer({ group: 'notify', from: 'now', sen: undefined })
// @ts-expect-error a pipeline is not a step
void cairn.subscribe(watched, watched, () => {})
