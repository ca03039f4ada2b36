import { PACKAGE } from './names.ts'
import type { Random } from './random.ts'
import { asBytes, type Command, type Damage, type Scenario } from './scenario.ts'

const PIPELINE = `import { each, list, pipeline, step } from '@cairn/kernel'
import { file, json, metrics } from '@cairn/kinds'
import { z } from 'zod'
export const s = step('s', { outputs: { v: list(json()) }, run: () => ({ v: ['one', 'two'] }) })
export const t = step('t', { inputs: { v: json() }, outputs: { w: json() }, run: ({ v }) => ({ w: v + '!' + 'x'.repeat(6000) }) })
export const u = step('u', { inputs: { w: list(json()) }, outputs: { z: json(), metrics: metrics(z.object({ a: z.number() })) }, run: async ({ w }) => {
  let z = ''
  for await (const each of w) z += each.slice(0, 4)
  return { z, metrics: { a: z.length } }
} })
export const p = pipeline('p', () => u({ w: each(s({}).v, (v) => t({ v })).w }))
`
const FOREIGN = [
  'null',
  '[]',
  '{}',
  '"x"',
  '1',
  '{"v":1}',
  '{"v":99}',
  '{"outputs":null}',
  '{"key":{}}',
  '\0\0\0',
  '<html>',
  '{"v":1,"steps":[],"nodes":{}}',
  'x'.repeat(10_000),
  asBytes(Buffer.from([0xff, 0xfe, 0, 0xd8])),
  '['.repeat(50_000),
]

/** A store of two runs in which files are damaged, lost, or come from elsewhere. */
export function stores(random: Random): Scenario {
  const json = () => (random.chance(0.5) ? ['--json'] : [])
  const run = (...more: string[]) => ['run', 'p', '--progress', 'none', '--jobs', '1', ...more]
  const before: Command[] = [{ words: run(), gives: 'one!two!' }]
  if (random.chance(0.5)) before.push({ words: ['play', 'p', '--jobs', '1', '--progress', 'none'] })
  if (random.chance(0.3)) before.push({ words: ['plan', 'p', '--save'] })
  const looks: Command[] = [
    { words: [...json(), ...run()], gives: 'one!two!' },
    { words: [...json(), 'plan', 'p'] },
    { words: [...json(), 'why', 'p'] },
    { words: [...json(), 'runs'] },
    { words: [...json(), 'show', 'p'] },
    { words: [...json(), 'show', 'p/latest/u'] },
    { words: [...json(), 'show', 'p/latest/t'] },
    { words: [...json(), 'cat', 'p/latest/u/z'], gives: 'one!two!' },
    { words: [...json(), 'cat', 'p/latest/t/w'] },
    { words: [...json(), 'doctor'] },
    { words: [...json(), 'doctor', '--repair'] },
    { words: [...json(), 'gc', '--keep-runs', '0', '--keep', '1ms', '--grace', '1ms'] },
    { words: [...json(), 'diff', 'p/latest', 'p/latest'] },
    { words: [...json(), 'parity', 'p'] },
    { words: [...json(), 'playgrounds'] },
    { words: [...json(), 'logs', 'p/latest'] },
    { words: [...json(), 'promote', 'p'] },
    { words: [...json(), 'rollback', 'p'] },
    { words: [...json(), 'graph'] },
    { words: [...json(), 'complete', 'show', 'p/'] },
  ]
  const harm = (): Damage => ({
    how: random.pick(['truncate', 'flip', 'empty', 'replace', 'replace', 'delete', 'folder', 'add', 'swap'] as const),
    file: random.below(1_000_000),
    at: random.below(1_000_000),
    text: random.pick(FOREIGN),
  })
  const tried = [...random.some(looks, 4), random.pick(looks)]
  const damage: Record<number, Damage> = {}
  for (const number of tried.keys()) if (number === 0 || random.chance(0.3)) damage[number] = harm()
  return {
    kind: 'stores',
    files: { 'package.json': PACKAGE, 'p.pipeline.ts': PIPELINE },
    before,
    commands: tried,
    damage,
  }
}
