import { PACKAGE } from './names.ts'
import type { Random } from './random.ts'
import type { Scenario } from './scenario.ts'
import { oddWord } from './texts.ts'

const SETTINGS = ['--set', '--params', '--from', '--until', '--base', '--force']
/** Of each command: its options with a value, those without, and how many words it takes. What waits for people or services is left out. */
const COMMANDS: Readonly<Record<string, readonly [valued: readonly string[], bare: readonly string[], words: number]>> =
  {
    run: [[...SETTINGS, '--plan', '--jobs', '--out', '--progress'], ['--detach'], 1],
    plan: [SETTINGS, ['--save'], 1],
    why: [SETTINGS, [], 2],
    play: [
      [
        '--set',
        '--params',
        '--swap',
        '--from',
        '--until',
        '--only',
        '--sample',
        '--items',
        '--matrix',
        '--by',
        '--base',
        '--jobs',
        '--progress',
      ],
      ['--lowest', '--at-run-code', '--plan'],
      1,
    ],
    parity: [['--step', '--against'], ['--twice'], 1],
    promote: [['--by', '--progress'], [], 1],
    rollback: [['--by'], [], 1],
    playgrounds: [['--delete'], [], 0],
    runs: [['-n', '--number'], [], 1],
    show: [[], [], 1],
    cat: [['-n', '--rows', '-o', '--out'], ['--raw'], 1],
    graph: [[], ['--mermaid'], 1],
    diff: [['--of', '--key', '--data', '-n'], [], 2],
    follow: [['--progress'], [], 1],
    cancel: [[], [], 1],
    push: [['-n', '--runs'], [], 1],
    pull: [['-n', '--runs'], [], 1],
    status: [[], [], 0],
    logs: [['-n', '--lines'], [], 1],
    gc: [['--keep-runs', '--keep', '--grace'], ['--dry-run'], 0],
    doctor: [[], ['--repair'], 0],
    new: [['--in'], [], 2],
    completion: [[], [], 1],
    complete: [[], [], 3],
  }
const GLOBAL: readonly string[] = ['-C', '--project', '--store', '--on', '--playground']
const LIKELY = [
  'p',
  's',
  't',
  'p/latest',
  'p/latest/s',
  'p/latest/s/v',
  'p/latest/t/w',
  's/v',
  't/w',
  'n=2',
  's.n=3',
  's.n=x',
  't.k=[1]',
  's.n=1,2',
  's=s2.ts',
  's=p.pipeline.ts',
  's=p.pipeline.ts#t',
  '2',
  '1%',
  's/v=1',
  't=1',
  't=0,1',
  'step',
  'pipeline',
  'bash',
  'none',
  'plain',
  'live',
  'params.json',
  'mine',
  'w.a',
  'pg',
]

const PIPELINE = `import { each, list, pipeline, step } from '@cairn/kernel'
import { json, metrics } from '@cairn/kinds'
import { z } from 'zod'
export const s = step('s', { params: z.object({ n: z.number().default(1) }), outputs: { v: list(json()) }, run: (_, { n }) => ({ v: [n, n + 1] }) })
export const t = step('t', { inputs: { v: json() }, outputs: { w: json() }, run: ({ v }) => ({ w: v }) })
export const m = step('m', { outputs: { metrics: metrics(z.object({ a: z.number() })) }, run: () => ({ metrics: { a: 1 } }) })
export const p = pipeline('p', { params: z.object({ n: z.number().default(1) }) }, ({ n }) => {
  const { w } = each(s({}, { n }).v, (v) => t({ v }))
  return { w, metrics: m({}).metrics }
})
`

/** Every command with random flags and words, over a project with or without a run. */
export function flags(random: Random): Scenario {
  const value = () => (random.chance(0.55) ? random.pick(LIKELY) : oddWord(random))
  const give = () => {
    const name = random.pick(Object.keys(COMMANDS))
    const [valued, bare, most] = COMMANDS[name]!
    const words = random.chance(0.5) ? ['--json'] : []
    if (random.chance(0.15)) words.push(random.pick(GLOBAL), value())
    words.push(random.chance(0.97) ? name : oddWord(random))
    if (name === 'run' || name === 'play') words.push('--jobs', '1')
    const count = random.chance(0.9) ? random.below(most + 1) : most + 1
    for (let given = 0; given < count; given++) words.push(value())
    for (const option of random.some([...valued, ...bare], 3))
      if (bare.includes(option)) words.push(option)
      else if (random.chance(0.5) && option.startsWith('--')) words.push(`${option}=${value()}`)
      else words.push(option, ...(random.chance(0.95) ? [value()] : []))
    if (random.chance(0.03)) words.push(oddWord(random))
    return { words: words.map((word) => word.replaceAll('--watch', '--wait')) }
  }
  const commands = Array.from({ length: 1 + random.below(4) }, give)
  if (random.chance(0.15)) commands.unshift({ words: ['run', 'p', '--progress', 'none', '--jobs', '1'] })
  const files = {
    'package.json': PACKAGE,
    'p.pipeline.ts': PIPELINE,
    's2.ts': PIPELINE.split('export const t')[0]!,
    'params.json': '{ "n": 2 }',
  }
  return { kind: 'flags', files, commands }
}
