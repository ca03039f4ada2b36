import { join } from 'node:path'
import {
  median,
  NODE,
  nodeCommand,
  peakMemory,
  ROOT,
  temporaryFolder,
  time,
  times,
  type Case,
  type Command,
} from '../lab.ts'

export const flightDelays: Case = {
  title: 'flight-delays on 3,000,000 rows',
  async run({ repeat, note }) {
    const folder = temporaryFolder()
    let stores = 0
    const cairn = (store: string, ...args: string[]): Command => ({
      program: NODE,
      args: [join(ROOT, 'apps/cli/bin/cairn.js'), '--store', store, 'run', 'flight-delays', ...args],
      cwd: ROOT,
    })
    const plain = (name: string, trees: number) =>
      nodeCommand(join(ROOT, 'tools/bench/plain/flight-delays.ts'), join(folder, name), String(trees))

    const found = {
      whole: [] as number[],
      wholePlain: [] as number[],
      changed: [] as number[],
      changedPlain: [] as number[],
    }
    let metrics = ''
    for (let round = 0; round < Math.min(repeat, 3); round++) {
      const store = join(folder, `store-${stores++}`)
      const trees = 101 + round
      found.wholePlain.push((await time(plain(`plain-${round}`, 100))).ms)
      found.whole.push((await time(cairn(store))).ms)
      const { output } = await time(plain(`plain-changed-${round}`, trees))
      const { parts, metrics: plainMetrics } = JSON.parse(output) as PlainOutput
      found.changedPlain.push(parts.train + parts.evaluate + parts.report)
      found.changed.push((await time(cairn(store, '--set', `train-model.trees=${trees}`))).ms)
      metrics = `AUC of ${plainMetrics.auc.toFixed(4)}`
    }
    const peak = await peakMemory(cairn(join(folder, `store-${stores++}`)))
    const plainPeak = await peakMemory(plain('plain-memory', 100))
    note(
      `The plain script reaches an ${metrics}, another each time: its queries run on two threads. Above the floor of the ` +
        'changed parameter are the reading of 2.5 million training rows and 0.5 million test rows from their checkpoints ' +
        '(0.5 s; the plain script has them in memory) and the start of two processes (0.2 s).',
    )
    return [
      times('whole; floor: the plain script, which keeps nothing', median(found.whole), median(found.wholePlain), 1.15),
      times(
        'one parameter of the training changed; floor: training, evaluation and report of the plain script',
        median(found.changed),
        median(found.changedPlain),
        1.05,
      ),
      {
        what: 'peak memory of all processes together',
        cairn: gigabytes(peak),
        floor: gigabytes(plainPeak),
        ratio: peak / plainPeak,
        aim: '< 1.5 GB',
        met: peak < 1.5e9,
      },
    ]
  },
}

interface PlainOutput {
  readonly parts: { readonly train: number; readonly evaluate: number; readonly report: number }
  readonly metrics: { readonly auc: number }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`
}
