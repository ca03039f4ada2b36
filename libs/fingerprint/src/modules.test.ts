import { afterAll, describe, expect, test } from 'vitest'
import { fingerprints, TemporaryProject, type Files } from './project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

const main = (expression: string, top = '') =>
  `import { step } from '@cairn/kernel'\n${top}\nexport const main = step('main', { outputs: {}, run: () => ${expression} })\n`

const scale = 'export function scale(x) { return x * FACTOR }\nconst FACTOR = 3\n'
const base: Files = { 'steps.ts': main('scale(1)', `import { scale } from './maths.ts'`), 'maths.ts': scale }

describe('a fingerprint stays the same when', () => {
  test.each<[string, Files]>([
    ['a declaration stands in the same file', { 'steps.ts': main('scale(1)', scale) }],
    [
      'declarations are in another order',
      { ...base, 'maths.ts': 'const FACTOR = 3\nexport function scale(x) { return x * FACTOR }' },
    ],
    [
      'a declaration has another name',
      {
        'steps.ts': main('times(1)', `import { times } from './maths.ts'`),
        'maths.ts': 'const K = 3\nexport function times(x) { return x * K }',
      },
    ],
    ['an import is renamed', { ...base, 'steps.ts': main('s(1)', `import { scale as s } from './maths.ts'`) }],
    [
      'an export is renamed',
      {
        'steps.ts': main('scale(1)', `import { s as scale } from './maths.ts'`),
        'maths.ts': 'function scale(x) { return x * FACTOR }\nconst FACTOR = 3\nexport { scale as s }',
      },
    ],
    [
      'it is a default export',
      {
        'steps.ts': main('scale(1)', `import scale from './maths.ts'`),
        'maths.ts': 'export default function scale(x) { return x * FACTOR }\nconst FACTOR = 3',
      },
    ],
    [
      'it is an anonymous default export',
      {
        'steps.ts': main('scale(1)', `import scale from './maths.ts'`),
        'maths.ts': 'export default function (x) { return x * FACTOR }\nconst FACTOR = 3',
      },
    ],
    [
      'it is named as the default export',
      {
        'steps.ts': main('scale(1)', `import { default as scale } from './maths.ts'`),
        'maths.ts': 'function scale(x) { return x * FACTOR }\nconst FACTOR = 3\nexport default scale',
      },
    ],
    [
      'it is re-exported by several files',
      {
        'steps.ts': main('scale(1)', `import { scale } from './a.ts'`),
        'a.ts': `export * from './b.ts'`,
        'b.ts': `export { s as scale } from './c.ts'`,
        'c.ts': `import { scale } from './maths.ts'\nexport { scale as s }`,
        'maths.ts': scale,
      },
    ],
    [
      'it lies in a folder',
      { 'steps.ts': main('scale(1)', `import { scale } from './deep/er/maths.ts'`), 'deep/er/maths.ts': scale },
    ],
    [
      'the constant lies in another file',
      {
        ...base,
        'maths.ts': `import { K } from './k.ts'\nexport function scale(x) { return x * K }`,
        'k.ts': 'export const K = 3',
      },
    ],
    [
      'the file imports what is not used',
      {
        ...base,
        'maths.ts': `import { other } from './other.ts'\n${scale}export const more = other`,
        'other.ts': 'export const other = 1',
      },
    ],
    [
      'a sibling step is added',
      {
        ...base,
        'steps.ts': `${base['steps.ts']}export const next = step('next', { outputs: {}, run: () => other() })\nfunction other() {}`,
      },
    ],
    [
      'a pipeline is added',
      {
        ...base,
        'steps.ts': `import { pipeline } from '@cairn/kernel'\n${base['steps.ts']}export const all = pipeline('all', () => main({}))\nfunction other() {}`,
      },
    ],
    [
      'types are imported and exported',
      {
        ...base,
        'steps.ts': `import type { T } from './types.ts'\nexport type { T }\n${base['steps.ts']}`,
        'types.ts': 'export type T = string',
      },
    ],
    [
      'a type is imported beside a value',
      {
        ...base,
        'steps.ts': main('scale(1)', `import { scale, type T } from './maths.ts'`),
        'maths.ts': `${scale}export type T = 1; declare const x: number; export interface I {}`,
      },
    ],
    [
      'one declaration of a list stands alone',
      { ...base, 'maths.ts': 'const A = 1, FACTOR = 3\nexport function scale(x) { return x * FACTOR }' },
    ],
    ['a file is JavaScript', { 'steps.ts': main('scale(1)', `import { scale } from './maths.js'`), 'maths.js': scale }],
    ['a file has a hashbang and a mark', { ...base, 'maths.ts': `#!/usr/bin/env node\n${scale}` }],
    ['a file begins with a byte order mark', { ...base, 'maths.ts': `\ufeff${scale}` }],
  ])('%s', async (_, after) => {
    const [a, b] = await fingerprints(base, after)
    expect(b).toBe(a)
  })
})

describe('a fingerprint changes when', () => {
  test.each<[string, Files, Files]>([
    ['a constant in another file does', base, { ...base, 'maths.ts': scale.replace('3', '4') }],
    [
      'a function is imported instead of another',
      {
        'steps.ts': main('f(1)', `import { min as f } from './m.ts'`),
        'm.ts': 'export const min = (a) => 1\nexport const max = (a) => 2',
      },
      {
        'steps.ts': main('f(1)', `import { max as f } from './m.ts'`),
        'm.ts': 'export const min = (a) => 1\nexport const max = (a) => 2',
      },
    ],
    [
      'two references to one thing become references to two like it',
      { 'steps.ts': main('[a, a]', 'const a = new Map()\nconst b = new Map()') },
      { 'steps.ts': main('[a, b]', 'const a = new Map()\nconst b = new Map()') },
    ],
    [
      'a function calls itself instead of another like it',
      { 'steps.ts': main('f(1)', 'function f(n) { return f(n) }\nfunction g(n) { return f(n) }') },
      { 'steps.ts': main('f(1)', 'function f(n) { return g(n) }\nfunction g(n) { return g(n) }') },
    ],
    [
      'a longer cycle takes the place of a shorter one',
      { 'steps.ts': main('f()', 'function f() { return g() }\nfunction g() { return f() }') },
      {
        'steps.ts': main(
          'f()',
          'function f() { return g() }\nfunction g() { return h() }\nfunction h() { return f() }',
        ),
      },
    ],
    [
      'another part of a destructured value is used',
      { 'steps.ts': main('a', 'const { a, b } = { a: 1, b: 2 }') },
      { 'steps.ts': main('b', 'const { a, b } = { a: 1, b: 2 }') },
    ],
    [
      'another export of Cairn is used',
      { 'steps.ts': main('list', `import { list } from '@cairn/kernel'`) },
      { 'steps.ts': main('when', `import { when } from '@cairn/kernel'`) },
    ],
    [
      'another function of Node is used',
      { 'steps.ts': main('f', `import { join as f } from 'node:path'`) },
      { 'steps.ts': main('f', `import { resolve as f } from 'node:path'`) },
    ],
    [
      'a local function is replaced by a global one',
      { 'steps.ts': main('Number(1)', 'function Number(x) { return x }') },
      { 'steps.ts': main('Number(1)') },
    ],
    ['const becomes var', { 'steps.ts': main('a', 'const a = 1') }, { 'steps.ts': main('a', 'var a = 1') }],
    [
      'the value of a default export does',
      { 'steps.ts': main('a', `import a from './a.ts'`), 'a.ts': 'export default (1, 2)' },
      { 'steps.ts': main('a', `import a from './a.ts'`), 'a.ts': 'export default (1, 3)' },
    ],
    [
      'the content of imported JSON does',
      { 'steps.ts': main('a', `import a from './a.json' with { type: 'json' }`), 'a.json': '{ "a": 1 }' },
      { 'steps.ts': main('a', `import a from './a.json' with { type: 'json' }`), 'a.json': '{ "a": 2 }' },
    ],
    [
      'a class reached does',
      { 'steps.ts': main('new A()', 'class A { static { this.x = 1 } }') },
      { 'steps.ts': main('new A()', 'class A { static { this.x = 2 } }') },
    ],
  ])('%s', async (_, before, after) => {
    const [a, b] = await fingerprints(before, after)
    expect(a).not.toBe(b)
  })

  test.each<[string, string]>([
    ['inputs', 'inputs: { a: json(1) }'],
    ['outputs', 'outputs: { b: json(1) }'],
    ['reads', 'reads: { c: json(1) }'],
  ])('a step declares another %s', async (_, property) => {
    const text = (value: string) =>
      `import { step } from '@cairn/kernel'\nconst json = (x) => x\nexport const main = step('main', { ${value}, run: () => 1 })`
    const [a, b] = await fingerprints(text(property), text(property.replace('1', '2')))
    expect(a).not.toBe(b)
  })
})

test('code outside the body does not change the fingerprint', async () => {
  const text = (rest: string, name = 'main') =>
    `import { step } from '@cairn/kernel'\nconst schema = (x: number) => x\nexport const main = step('${name}', { outputs: {}, ${rest} run: () => 1 })`
  const rests = [
    '',
    'params: schema(1),',
    'retry: { times: 3 },',
    'timeout: 5,',
    `memory: '1GB',`,
    `cache: 'never',`,
    `secrets: ['A'],`,
    `acknowledge: ['clock'],`,
    'catch: () => ({}),',
  ]
  const all = await Promise.all(rests.map((rest) => new TemporaryProject(text(rest)).fingerprint()))
  expect(new Set(all).size).toBe(1)
  expect(await new TemporaryProject(text('', 'other')).fingerprint()).toBe(all[0])
})

test('the order of properties does not change the fingerprint', async () => {
  const text = (properties: string) =>
    `import { step } from '@cairn/kernel'\nexport const main = step('main', { ${properties} })`
  const [a, b] = await fingerprints(
    text('inputs: { a: 1 }, outputs: { b: 2 }, run: () => 1'),
    text('run: () => 1, outputs: { b: 2 }, inputs: { a: 1 }'),
  )
  expect(a).toBe(b)
})

describe('a namespace import', () => {
  const steps = (use: string) => ({ 'steps.ts': main(use, `import * as maths from './maths.ts'`) })
  const maths = (other: string) => ({ 'maths.ts': `export const a = 1\nexport const b = ${other}` })

  test('includes only the named members', async () => {
    const [a, b] = await fingerprints({ ...steps('maths.a'), ...maths('2') }, { ...steps('maths.a'), ...maths('3') })
    expect(a).toBe(b)
  })
  test.each(['maths', 'Object.keys(maths)', 'maths[key]', '((m) => m.a)(maths)'])(
    'is included as a whole in %s',
    async (use) => {
      const [a, b] = await fingerprints({ ...steps(use), ...maths('2') }, { ...steps(use), ...maths('3') })
      expect(a).not.toBe(b)
    },
  )
  test('includes the names of exports if it is used as a whole', async () => {
    const [a, b] = await fingerprints(
      { ...steps('maths'), 'maths.ts': 'export const a = 1' },
      { ...steps('maths'), 'maths.ts': 'export const b = 1' },
    )
    expect(a).not.toBe(b)
  })
  test('does not include the name of a member', async () => {
    const [a, b] = await fingerprints(
      { ...steps('maths.a'), 'maths.ts': 'export const a = 1' },
      { ...steps('maths.c'), 'maths.ts': 'export const c = 1' },
    )
    expect(a).toBe(b)
  })
  test('handles a missing member', async () => {
    const [a, b] = await fingerprints(
      { ...steps('maths.none'), ...maths('2') },
      { ...steps('maths.none'), ...maths('3') },
    )
    expect(a).toBe(b)
  })
  test('is included as a whole if it is exported', async () => {
    const files = (value: string) => ({
      'steps.ts': main('maths.a', `import { maths } from './index.ts'`),
      'index.ts': `export * as maths from './maths.ts'`,
      ...maths(value),
    })
    const [a, b] = await fingerprints(files('2'), files('3'))
    expect(a).not.toBe(b)
  })
})

test('a dynamic import includes the whole module', async () => {
  const files = (value: string) => ({
    'steps.ts': main(`import('./lazy.ts')`),
    'lazy.ts': `export const a = 1\nexport const b = ${value}`,
  })
  const [a, b] = await fingerprints(files('2'), files('3'))
  expect(a).not.toBe(b)
})

test('modules that import each other are followed', async () => {
  const files = (value: string) => ({
    'steps.ts': main('even(4)', `import { even } from './even.ts'`),
    'even.ts': `import { odd } from './odd.ts'\nexport function even(n) { return n === 0 || odd(n - 1) }`,
    'odd.ts': `import { even } from './even.ts'\nexport function odd(n) { return n !== ${value} && even(n - 1) }`,
  })
  const [a, b] = await fingerprints(files('0'), files('1'))
  expect(a).not.toBe(b)
})

test('a change affects only the fingerprints of the steps that use it', async () => {
  const two = (a: string, b: string) => `import { step } from '@cairn/kernel'
const f = () => ${a}
const g = () => ${b}
export const first = step('first', { outputs: {}, run: () => f() })
export const second = step('second', { outputs: {}, run: () => g() })`
  const project = new TemporaryProject(two('1', '2'))
  const before = [await project.fingerprint('first'), await project.fingerprint('second')]
  project.write(two('1', '3'))
  const after = [await project.fingerprint('first'), await project.fingerprint('second')]
  expect(after[0]).toBe(before[0])
  expect(after[1]).not.toBe(before[1])
})

test('a step that another step uses is included as a whole', async () => {
  const text = (times: number) => `import { step } from '@cairn/kernel'
export const inner = step('inner', { outputs: {}, retry: { times: ${times} }, run: () => 1 })
export const main = step('main', { outputs: {}, run: () => inner.definition.run() })`
  const [a, b] = await fingerprints(text(1), text(2))
  expect(a).not.toBe(b)
})
