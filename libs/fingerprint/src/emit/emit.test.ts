import { afterAll, describe, expect, test } from 'vitest'
import { TemporaryProject, type Files } from '../project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

const main = (body: string, top = '') =>
  `import { step } from '@cairn/kernel'\n${top}\nexport const main = step('main', { outputs: {}, run: ${body} })\n`

/** Runs the emitted closure of the step, checks that the original returns the same, and returns that result. */
async function returned(files: Files | string): Promise<unknown> {
  const project = new TemporaryProject(files)
  const emitted = await (await project.emitted()).run()
  const original = (await project.import('steps.ts')).main.definition
  expect(await original.run()).toEqual(emitted)
  return emitted
}
const code = async (files: Files | string) => withoutMap(await (await new TemporaryProject(files).closure()).emit())
const withoutMap = (text: string) => text.replace(/\/\/# sourceMappingURL=.*\n/, '')

describe('an emitted closure returns what the original does', () => {
  test.each<[string, unknown, Files | string]>([
    [
      'with names that collide between modules',
      [1, 2, 3],
      {
        'steps.ts': main(
          '() => [value(), b(), c()]',
          `import { value } from './a.ts'\nimport { value as b } from './b.ts'\nimport c from './c.ts'`,
        ),
        'a.ts': 'const helper = () => 1\nexport const value = () => helper()',
        'b.ts': 'const helper = () => 2\nexport const value = () => helper()',
        'c.ts': 'const helper = () => 3\nexport default () => helper()',
      },
    ],
    [
      'with a name that hides another where it is used',
      7,
      {
        'steps.ts': main('() => s(1)', `import { scale as s } from './a.ts'`),
        'a.ts': `import { factor as f } from './b.ts'\nexport const scale = (factor) => factor + f`,
        'b.ts': 'export const factor = 6',
      },
    ],
    [
      'with shorthands that must be written out',
      { a: 1, b: 2 },
      {
        'steps.ts': main('() => ({ a, b: other.a })', `import { a } from './a.ts'\nimport { other } from './b.ts'`),
        'a.ts': 'export const a = 1',
        'b.ts': 'const a = 2\nexport const other = { a }',
      },
    ],
    [
      'with patterns that must be written out',
      [1, 2, 3, 9],
      {
        'steps.ts': main('() => [a, ...rest]', `import { a } from './a.ts'\nimport { rest } from './b.ts'`),
        'a.ts': 'export const a = 1',
        'b.ts': 'const { a, b: { c = 3 }, d = 9 } = { a: 2, b: {} } as any\nexport const rest = [a, c, d]',
      },
    ],
    [
      'with a name that is global elsewhere',
      [1, true],
      {
        'steps.ts': main('() => [isNaN(1), check()]', `import { isNaN } from './a.ts'\nimport { check } from './b.ts'`),
        'a.ts': 'export const isNaN = (x) => x',
        'b.ts': 'export const check = () => isNaN(NaN)',
      },
    ],
    [
      'with names that the emitter would like to use',
      [1, 2, 3, 4],
      main('() => [run, inputs, main$, Object]', 'const run = 1, inputs = 2, main$ = 3, Object = 4'),
    ],
    [
      'with default exports of all sorts',
      ['f', 1, 'x', 2],
      {
        'steps.ts': main(
          '() => [f(), new C().x, o.x, n]',
          `import f from './f.ts'\nimport C from './c.ts'\nimport o from './o.ts'\nimport n from './n.ts'`,
        ),
        'f.ts': `export default function () { return 'f' }`,
        'c.ts': 'export default class { x = 1 }',
        'o.ts': `export default { x: 'x' } satisfies object`,
        'n.ts': 'export default (1, 2)',
      },
    ],
    [
      'with async and generator default exports',
      [1, 2, 3],
      {
        'steps.ts': main('async () => [await f(), ...g()]', `import f from './f.ts'\nimport g from './g.ts'`),
        'f.ts': 'export default async function /* ( */ () { return 1 }',
        'g.ts': 'export default function* () { yield 2; yield 3 }',
      },
    ],
    [
      'with functions that are hoisted and recursive',
      120,
      main(
        '() => factorial(5)',
        'const one = make(1)\nfunction factorial(n: number): number { return n <= one ? one : n * factorial(n - 1) }\nfunction make(n: number) { return n }',
      ),
    ],
    [
      'with variables that change',
      [1, 2],
      {
        'steps.ts': main(
          '() => { const before = count; add(); return [before - count + 2, count - before + 1] }',
          `import { count, add } from './count.ts'`,
        ),
        'count.ts': 'export let count = 0\nexport function add() { count++ }',
      },
    ],
    [
      'with statements in their order',
      'abc',
      {
        'steps.ts': main('() => log.join("")', `import { log } from './log.ts'\nimport './b.ts'\nlog.push('c')`),
        'log.ts': `export const log: string[] = []\nlog.push('a')`,
        'b.ts': `import { log } from './log.ts'\nlog.push('b')`,
      },
    ],
    [
      'with modules that import each other',
      [true, false],
      {
        'steps.ts': main('() => [even(4), even(3)]', `import { even } from './even.ts'`),
        'even.ts': `import { odd } from './odd.ts'\nexport const even = (n: number): boolean => n === 0 || odd(n - 1)`,
        'odd.ts': `import { even } from './even.ts'\nexport const odd = (n: number): boolean => n !== 0 && even(n - 1)`,
      },
    ],
    [
      'with a namespace object',
      [['a', 'b'], 3, 'undefined'],
      {
        'steps.ts': main(
          `() => [Object.keys(maths), maths.a + maths.b, typeof (maths as any).c]`,
          `import * as maths from './maths.ts'`,
        ),
        'maths.ts': 'export const a = 1\nexport const b = 2',
      },
    ],
    [
      'with members of a namespace',
      3,
      {
        'steps.ts': main('() => maths.a + maths.b()', `import * as maths from './maths.ts'`),
        'maths.ts': 'export const a = 1\nexport function b() { return 2 }',
      },
    ],
    [
      'with a namespace that is exported',
      3,
      {
        'steps.ts': main('() => maths.a + maths.deep.c', `import { maths } from './index.ts'`),
        'index.ts': `export * as maths from './maths.ts'`,
        'maths.ts': `export const a = 1\nexport * as deep from './deep.ts'`,
        'deep.ts': 'export const c = 2',
      },
    ],
    [
      'with a dynamic import',
      [1, 'default'],
      {
        'steps.ts': main(`async () => { const m = await import('./lazy.ts'); return [m.a, m.default] }`),
        'lazy.ts': `export const a = 1\nexport default 'default'`,
      },
    ],
    [
      'with a dynamic import in code that has a variable of the same name',
      [1, 2],
      {
        'steps.ts': main(
          `async () => { const lazy = await import('./lazy.ts'); return [lazy.a, await other({ a: 2 })] }`,
          `const other = async (lazy) => { await import('./lazy.ts'); return lazy.a }`,
        ),
        'lazy.ts': `export const a = 1`,
      },
    ],
    [
      'with JSON',
      [{ a: [1, null] }, 'own'],
      {
        'steps.ts': main(
          '() => [data, Object.getOwnPropertyNames(more).includes("__proto__") ? "own" : "none"]',
          `import data from './data.json' with { type: 'json' }\nimport * as all from './more.json' with { type: 'json' }\nconst more: any = all.default`,
        ),
        'data.json': '{ "a": [1, null] }',
        'more.json': '{ "__proto__": 1 }',
      },
    ],
    [
      'with top-level await',
      2,
      {
        'steps.ts': main('() => value', `import { value } from './value.ts'`),
        'value.ts': 'const one = await Promise.resolve(1)\nexport const value = one + 1',
      },
    ],
    [
      'with destructuring declarations',
      6,
      main(
        '() => a + b + rest[0]',
        'const { a, x: [b], ...others } = { a: 1, x: [2], y: [3] }\nconst [[...rest]] = [others.y]',
      ),
    ],
    [
      'with classes',
      [3, 'B', 5],
      main(
        '() => [new B().sum(), B.kind, B.count]',
        `class A { #x = 1; protected y: number; constructor(y: number) { this.y = y } get x() { return this.#x } }\nclass B extends A { static kind = 'B'; static count: number; static { B.count = 5 } constructor() { super(2) } sum(): number { return this.x + this.y } }`,
      ),
    ],
    [
      'with every kind of type',
      [1, 2, 'x'],
      main(
        '<T,>() => [f<number>(1 as number), (g!)(2)!, h satisfies string]',
        `type X = 1\ninterface Y { a: X }\ndeclare const z: number\nfunction f(a: string): string\nfunction f(a: number): number\nfunction f(a: any): any { return a }\nconst g = ((a: number): number | undefined => a) as ((a: number) => number) | undefined\nconst h: string = 'x' as const\nabstract class Q { abstract m(): void }`,
      ),
    ],
    [
      'with nodes of Node itself',
      'a/b',
      main(`() => join('a', path.basename('x/b'))`, `import path, { join } from 'node:path'`),
    ],
    [
      'with text outside the basic plane before it',
      ['😀', 1],
      main(
        '() => [smile, one]',
        `const smile: '😀' = '😀' /* 😀 */\nconst one: Record<'é😀', 1> extends never ? 0 : 1 = 1`,
      ),
    ],
    [
      'with declarations without semicolons that could run together',
      [1, [2]],
      main('() => [a, b]', 'let a = 0\nconst b = [0]\n;[a] = [1]\n;(b as number[])[0] = 2'),
    ],
    ['with several declarations in one statement', [1, 3], main('() => [a, c]', 'const a = 1, b = 2, c = 3')],
    ['with a var that is declared twice', 2, main('() => v', 'var v = 1\nvar v = 2')],
    [
      'with a var that a block sets again',
      2,
      main('() => v', 'var v = 1\nif (v) { var v = 2 }\nvar { w, v = v } = { w: 3 } as any'),
    ],
    ['with a variable of a loop', 3, main('() => i', 'for (var i = 0; i < 3; i++);')],
    [
      'with an enum beside it that is not reached',
      1,
      { 'steps.ts': main('() => a', `import { a } from './a.ts'`), 'a.ts': 'export const a = 1' },
    ],
    [
      'with names that are strings',
      1,
      {
        'steps.ts': main(`() => a['b c'] + d`, `import * as a from './a.ts'\nimport { 'd e' as d } from './a.ts'`),
        'a.ts': `const x = 1, y = 0\nexport { x as 'b c', y as 'd e' }`,
      },
    ],
  ])('%s', async (_, expected, files) => {
    expect(await returned(files)).toEqual(expected)
  })
})

test('an emitted closure keeps names, and leaves out unused code', async () => {
  const text = await code({
    'steps.ts': main(
      '(a: number) => prepare(a)',
      `import { prepare } from './prepare.ts'\nexport const other = step('other', { outputs: {}, run: () => 1 })`,
    ),
    'prepare.ts': `import { mean } from './stats.ts'\nexport const unused = 1\nexport function prepare(a: number) { return mean([a]) }`,
    'stats.ts': 'export const mean = (xs: number[]) => xs[0]',
  })
  expect(text).toMatch(/function prepare/)
  expect(text).toMatch(/const mean = /)
  expect(text).not.toMatch(/unused|other|number|import|\$/)
})

test('imports of packages stay as they are', async () => {
  const text = await code({
    'steps.ts': main(
      '() => [z, all, def, renamed, data]',
      `import def, { z, y as renamed } from 'a'\nimport * as all from 'a/sub'\nimport 'b'\nimport data from 'a/data.json' with { type: 'json' }`,
    ),
    'node_modules/a/package.json': '{ "name": "a", "version": "1.0.0" }',
    'node_modules/b/package.json': '{ "name": "b", "version": "1.0.0" }',
  })
  expect(text.split('\n').filter((line) => line.startsWith('import'))).toEqual([
    `import { z } from "a";`,
    `import { default as def } from "a";`,
    `import { y as renamed } from "a";`,
    `import * as all from "a/sub";`,
    `import "b";`,
    `import { default as data } from "a/data.json" with { type: "json" };`,
  ])
})

test('the same source gives the same bytes, whatever other code its modules contain', async () => {
  const files = (more: string) => ({
    'steps.ts': main('() => f()', `import { f } from './f.ts'`) + more,
    'f.ts': `export const f = () => g()\nconst g = () => 1\n${more}`,
  })
  const [a, b, c] = await Promise.all(
    ['', '', `export const sibling = step('sibling', { outputs: {}, run: () => 2 })`].map((more) =>
      new TemporaryProject(files(more)).closure(),
    ),
  )
  expect(await a!.emit()).toBe(await b!.emit())
  expect(await a!.emit()).toBe(await c!.emit())
  expect(await a!.emit()).toBe(await a!.emit())
})

test('a stack trace of an emitted closure shows the original files and lines', async () => {
  const project = new TemporaryProject({
    'src/steps.ts': main(
      '(inputs: unknown) => {\n  return prepare(inputs)\n}',
      `import { prepare } from './deep/prepare.ts'\ntype Long = {\n  a: 1\n}`,
    ),
    'src/deep/prepare.ts': `interface A {\n  b: 1\n}\n\nexport function prepare(a: unknown): never {\n  const message: string = 'no'\n  throw new Error(message as string)\n}`,
    'host.mjs': `const { run } = await import('./emitted.mjs')\ntry { run() } catch (error) { console.log(error.stack) }`,
  })
  project.write({ 'emitted.mjs': await (await project.closure('main', { entry: 'src/steps.ts' })).emit() })
  const stack = project.node('host.mjs', '--enable-source-maps')
  expect(stack).toContain(`at prepare (${project.path('src/deep/prepare.ts')}:7:9)`)
  expect(stack).toContain(`${project.path('src/steps.ts')}:7:10`)
})

test('the source map shows the lines of the closure and no others', async () => {
  const text = await (
    await new TemporaryProject(
      `${main('() => used', 'const secret = 1\nconst used: number = 2')}const more = 3`,
    ).closure()
  ).emit()
  const map = JSON.parse(Buffer.from(/base64,(.*)\n/.exec(text)![1]!, 'base64').toString())
  expect(map.sources).toEqual(['steps.ts'])
  expect(map.sourcesContent[0].split('\n')).toEqual([
    '',
    '',
    'const used: number = 2',
    expect.stringContaining('run: () => used'),
  ])
})

test('nothing is printed while a closure is emitted', async () => {
  const project = new TemporaryProject(main('(a: number) => a'))
  const index = new URL('../closures.ts', import.meta.url).href
  project.write({
    'host.ts': `import { closures } from '${index}'\nimport { main } from './steps.ts'
let warned = ''
process.on('warning', ({ message }) => (warned += message))
const set = await closures({ steps: [main], entry: import.meta.dirname + '/steps.ts', root: import.meta.dirname })
await (set.body(main) as any).emit()
await new Promise((resolve) => setTimeout(resolve, 10))
console.log('warned:', warned)`,
  })
  expect(project.node('host.ts')).toBe('warned: \n')
})
