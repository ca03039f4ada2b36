import { PACKAGE } from './names.ts'
import type { Random } from './random.ts'
import { asBytes, type Command, type Scenario } from './scenario.ts'
import { PIECES } from './syntax.ts'

const KINDS = ['ts', 'ts', 'ts', 'mts', 'js', 'mjs', 'cts', 'cjs', 'tsx', 'jsx', 'json', 'txt', '']

/** A helper in every syntax, whole or broken: what it gives is right, or it is refused by file. */
export function sources(random: Random): Scenario {
  const { text, gives } = random.pick(PIECES)
  const kind = random.pick(KINDS)
  const isTyped = ['ts', 'mts'].includes(kind)
  const name = kind === '' ? 'h' : `h.${kind}`
  const whole = text.replaceAll('__SELF__', `./${name}`)
  const [bytes, isBroken] = written(whole, random)
  const pipeline = `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { value } from './${name}'
export const s = step('s', { outputs: { v: json() }, run: async () => ({ v: (await value()) ?? null }) })
export const p = pipeline('p', () => s({}))
`
  const inPipeline = kind === 'ts' && random.chance(0.2)
  const [first, ...rest] = pipeline.split("import { value } from './h.ts'\n")
  const files: Record<string, string> = {
    'package.json': random.chance(0.02)
      ? random.pick([
          '',
          '{',
          '[]',
          'null',
          '{ "type": "module", "cairn": 5 }',
          '{ "type": "module", "cairn": { "pipelines": 5 } }',
          '{ "type": "module", "cairn": { "pipelines": ["*.ts", 1] } }',
          '{ "cairn": { "pipelines": ["*.pipeline.ts"], "store": 1 } }',
          '{ "cairn": { "pipelines": ["*.pipeline.ts"], "env": "a/b" } }',
          '{ "cairn": { "pipelines": ["*.pipeline.ts"], "adoption": 3 } }',
        ])
      : PACKAGE,
    'p.pipeline.ts': inPipeline ? asBytes(Buffer.concat([bytes, Buffer.from(`\n${first}${rest.join('')}`)])) : pipeline,
    [name]: asBytes(bytes),
    'h2.ts': 'export const two = 2\n',
    'd.json': random.chance(0.5) ? '{ "d": 4 }' : '\ufeff{ "d": 4 }',
    'cycle.ts': `import { mine } from './${name}'\nexport const loop = () => mine\n`,
  }
  const runs = random.chance(0.3)
  const isJson = random.chance(0.6)
  const command: Command = {
    words: [...(isJson ? ['--json'] : []), ...(runs ? ['run', '--jobs', '1', '--progress', 'none'] : ['plan'])],
    ...(!isBroken &&
      isTyped &&
      gives !== 'refused' &&
      runs &&
      isJson &&
      gives !== undefined &&
      gives.length < 200 && { gives: JSON.stringify(gives) }),
    ...(!isBroken &&
      isTyped &&
      gives === 'refused' &&
      files['package.json'] === PACKAGE &&
      !inPipeline && { refusedAt: random.pick([':']) }),
  }
  const more: Command[] = random.some(
    [{ words: ['why'] }, { words: ['graph'] }, { words: ['--json', 'plan'] }, { words: ['play', '--plan'] }],
    1,
  )
  return { kind: 'sources', files, commands: [command, ...more] }
}

/** The text's bytes as editors, disks and carelessness leave them. */
function written(text: string, random: Random): [bytes: Uint8Array, isBroken: boolean] {
  if (random.chance(0.4)) return [Buffer.from(text), false]
  switch (random.below(10)) {
    case 0:
      return [Buffer.from(text.replaceAll('\n', '\r\n')), false]
    case 1:
      return [Buffer.from(`\ufeff${text}`), false]
    case 2:
      return [Buffer.from(`#!/usr/bin/env node\n${text}`), false]
    case 3:
      return [Buffer.from(`\ufeff#!/usr/bin/env node\r\n${text}`), true]
    case 4:
      return [Buffer.from(text, 'utf16le'), true]
    case 5:
      return [Buffer.from(text.slice(0, random.below(text.length + 1))), true]
    default:
      return [mutated(Buffer.from(text), random), true]
  }
}

function mutated(bytes: Buffer, random: Random): Uint8Array {
  let all = bytes
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(all.length + 1)
    const piece = random.chance(0.5) ? Buffer.from(random.pick(TOKENS)) : Buffer.from([random.below(256)])
    const rest = random.chance(0.5) ? at : Math.min(all.length, at + random.below(6))
    all = Buffer.concat([all.subarray(0, at), piece, all.subarray(rest)])
  }
  return all
}

const TOKENS = [
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  '`',
  '"',
  "'",
  '/',
  '\\',
  '\0',
  '\u2028',
  '=>',
  '...',
  '?.',
  '#',
  '@',
  'async ',
  'await ',
  'yield ',
  'class ',
  'import ',
  'export ',
  'let ',
  'enum ',
  'type ',
  ';',
  ',',
  ':',
  '<',
  '>',
  '=',
  '\n',
  '\r',
  '/*',
  '*/',
  '//',
  '${',
  'import.meta.url',
  'eval("1")',
  'this',
  'super',
  'new.target',
  'import("./h2.ts")',
  'require("./h2.ts")',
  'module.exports = 1',
  'arguments',
  '\u00a0',
  '\ufeff',
  '\ud800',
]
