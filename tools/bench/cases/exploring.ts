import { spawn } from 'node:child_process'
import { CAIRN, median, medians, NODE, nodeCommand, Project, seconds, time, times, type Case } from '../lab.ts'
import { CHAIN, ofLength } from './chain.ts'

/** What hamilton and redun take to run 50 unchanged steps again, as a multiple of bare Python: 1.72 s and 1.92 s by 0.03 s. */
const PEERS = [57, 64]

export const exploring: Case = {
  title: 'Exploring: what `cairn play` costs beside the steps themselves',
  async run({ repeat, note }) {
    const project = new Project(CHAIN)
    const store = project.newStore()
    const command = (name: string, length: number) => ({
      ...project.cairn(store, name, 'chain'),
      env: ofLength(length),
    })
    const figures = []
    for (const length of [5, 50]) {
      await time(command('run', length))
      await time(command('play', length))
      const [bare, plan, play] = await medians(2 * repeat + 1, [
        () => nodeCommand('-e', '0'),
        () => command('plan', length),
        () => command('play', length),
      ])
      const most = Math.min(...PEERS) / 5
      figures.push(
        times(`${length} steps, all reused; floor: \`cairn plan\``, play!, plan!, 2),
        times(`the same; floor: \`node -e 0\` (aim: a fifth of hamilton's and redun's multiple)`, play!, bare!, most),
      )
    }
    const cycle = await watchCycle(repeat)
    note('A cycle of `--watch` begins when the file is written and ends when what changed in the metrics is printed.')
    figures.push({
      what: 'a cycle of `--watch`, of a step that takes no time; floor: `node -e 0`',
      cairn: seconds(cycle),
      ...(await floorOf(cycle, repeat)),
      aim: '< 500 ms',
      met: cycle < 500,
    })
    return figures
  },
}

async function floorOf(ms: number, repeat: number): Promise<{ floor: string; ratio: number }> {
  const [bare] = await medians(repeat, [() => nodeCommand('-e', '0')])
  return { floor: seconds(bare!), ratio: ms / bare! }
}

const WATCHED = {
  'watched.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json, metrics } from '@cairn/kinds'
import { measure } from './measure.ts'
export const load = step('load', { outputs: { n: json<number>() }, run: () => ({ n: 3 }) })
export const watched = pipeline('watched', () => measure(load({})))
`,
}
const measure = (value: number) => `import { step } from '@cairn/kernel'
import { json, metrics } from '@cairn/kinds'
export const measure = step('measure', {
  inputs: { n: json<number>() },
  outputs: { metrics: metrics({ score: 'number' }) },
  run: ({ n }) => ({ metrics: { score: n * ${value} } }),
})
`

/** Milliseconds from a step's file being saved to its new metric being printed; the median of some. */
async function watchCycle(repeat: number): Promise<number> {
  const project = new Project({ ...WATCHED, 'measure.ts': measure(1) })
  const store = project.newStore()
  await time(project.cairn(store, 'run', 'watched'))
  const { cwd } = project.cairn(store)
  const child = spawn(NODE, [CAIRN, '--store', store, 'play', 'watched', '--watch', '--progress', 'none'], { cwd })
  let printed = ''
  let onOutput = () => {}
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      printed += String(data)
      onOutput()
    })
  const until = async (text: string) => {
    while (!printed.includes(text)) await new Promise<void>((wake) => (onOutput = wake))
    printed = printed.slice(printed.indexOf(text) + text.length)
  }
  const cycles: number[] = []
  await until('waiting for code to be saved')
  for (let round = 2; round < 2 + 2 * repeat; round++) {
    const started = performance.now()
    project.write({ 'measure.ts': measure(round) })
    await until(`${3 * round}  (+${3 * round - 3})`)
    cycles.push(performance.now() - started)
    await until('waiting for code to be saved')
  }
  child.kill('SIGTERM')
  return median(cycles)
}
