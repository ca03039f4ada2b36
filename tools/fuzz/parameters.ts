import { PACKAGE } from './names.ts'
import type { Random } from './random.ts'
import { asBytes, type Scenario } from './scenario.ts'
import { oddText, oddWord } from './texts.ts'

const SCHEMAS = [
  'z.number()',
  'z.number().int().min(0)',
  'z.string()',
  'z.boolean()',
  'z.bigint()',
  'z.array(z.number())',
  'z.array(z.string())',
  "z.enum(['a', 'b'])",
  'z.literal(1)',
  'z.object({ a: z.object({ b: z.number() }) })',
  'z.union([z.number(), z.string()])',
  'z.nullable(z.number())',
  'z.record(z.string(), z.number())',
  'z.tuple([z.number(), z.string()])',
  'z.any()',
  'z.unknown()',
  'z.coerce.number()',
  'z.coerce.date()',
  'z.date()',
  'z.string().optional()',
  'z.string().transform((text) => text.length)',
  'z.iso.date()',
  'z.email()',
  'z.preprocess((given) => given, z.number())',
  'z.discriminatedUnion("t", [z.object({ t: z.literal("a") }), z.object({ t: z.literal("b"), n: z.number() })])',
  'z.intersection(z.object({ a: z.number() }), z.object({ b: z.number() }))',
  'z.string().refine(() => { throw new Error("no") })',
  'z.lazy(() => z.number())',
  'z.never()',
  'z.nan()',
  'z.map(z.string(), z.number())',
  'z.set(z.number())',
  'z.custom()',
]
const DEFAULTS = ['', '', '.default(1)', ".default('x')", '.default(undefined)', '.nullish()', '.catch(0)']

const TEXTS = [
  '{}',
  '[]',
  'null',
  '1',
  '"x"',
  '{',
  '{ "n": 1 }',
  '{ "n": 1, }',
  '{ "n": 1 } x',
  "{ 'n': 1 }",
  'n: 1\n',
  'n: [1, 2]\n',
  '# only\n',
  '',
  ' ',
  '{"n":{"a":{"b":1}}}',
  '{"s":{"n":1}}',
  '{"__proto__":{"n":1}}',
  '{"s.n":1}',
  '{"n":1e999}',
  '{"n":9007199254740993}',
  '{"n":-0}',
  '{"n":"\\ud800"}',
  '{"n":1,"n":2}',
  '//c\n{"n":1}',
  '\ufeff{"n":1}',
  '{"constructor":1}',
  '{"":1}',
  '{"n":null}',
]

/** Parameters of every type, set to everything. */
export function parameters(random: Random): Scenario {
  const schema = random.pick(SCHEMAS) + random.pick(DEFAULTS)
  const own = random.chance(0.5)
  const shape = random.chance(0.9)
    ? `z.object({ n: ${schema} })`
    : random.pick([
        'z.number()',
        'z.any()',
        'z.array(z.number())',
        '{}',
        'null',
        '5',
        `z.looseObject({ n: ${schema} })`,
        `z.object({ n: ${schema} }).optional()`,
      ])
  const pipeline = `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
const shape = ${shape}
export const s = step('s', { params: ${own ? 'shape' : 'z.object({ n: z.any() })'}, outputs: { v: json() }, run: (_, { n }) => ({ v: typeof n }) })
export const p = pipeline('p', ${own ? '' : '{ params: shape }, '}(${own ? '' : 'given'}) => s({}${own ? '' : ', { n: given.n }'}))
`
  const value = () => (random.chance(0.5) ? random.pick(TEXTS) : oddWord(random)).replaceAll('\0', '')
  const path = () => random.pick(['n', 's.n', 'n.a', 'n.a.b', 's.n.a.b', 'n.0', 'n[0]', 's', oddWord(random)])
  const set = () => ['--set', `${path()}=${value()}`]
  const odd = random.pick(TEXTS)
  const file = random.chance(0.7)
    ? odd
    : random.chance(0.5)
      ? asBytes(Buffer.from([0xff, 0xfe, random.below(256), 0, 0x7b]))
      : oddText(random).repeat(random.chance(0.1) ? 1000 : 1)
  const files = {
    'package.json': PACKAGE,
    'p.pipeline.ts': pipeline,
    'params.json': random.chance(0.05) ? '['.repeat(20_000) : file,
    'params.yaml': file,
  }
  const command = () => {
    const json = random.chance(0.5) ? ['--json'] : []
    const given = [
      ...(random.chance(0.7) ? set() : []),
      ...(random.chance(0.2) ? set() : []),
      ...(random.chance(0.4) ? ['--params', random.pick(['params.json', 'params.yaml', '.', value()])] : []),
    ]
    return { words: [...json, random.pick(['plan', 'plan', 'plan', 'plan', 'why', 'run']), ...given] }
  }
  return { kind: 'parameters', files, commands: Array.from({ length: 1 + random.below(3) }, command) }
}
