import { afterAll, describe, expect, test } from 'vitest'
import { TemporaryProject, type Files } from './project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

const main = (top: string, expression: string) =>
  `import { step } from '@cairn/kernel'\n${top}\nexport const main = step('main', { outputs: {}, run: () => ${expression} })\n`
/** Adds the package that the modules import. */
const withPackage = (text: string): Files => ({
  'steps.ts': text,
  'node_modules/package/package.json': '{ "name": "package", "version": "1.0.0" }',
})
const names = async (files: Files | string) =>
  (await new TemporaryProject(files).closure()).manifest.declarations.map(({ name }) => name).slice(1)

describe('a statement that nothing refers to belongs to a closure when', () => {
  test.each([
    ['it fills a table', `const table = new Map()\ntable.set('a', 1)`, 'table', `table.set('a', 1)`],
    ['it assigns to a variable', 'let rate = 1\nrate = 2', 'rate', 'rate = 2'],
    ['it assigns through a pattern', 'let rate = 1;\n({ rate } = { rate: 2 })', 'rate', '({ rate } = { rate: 2 })'],
    [
      'it extends a prototype',
      'class A {}\n(A.prototype as any).x = () => 1',
      'new A()',
      '(A.prototype as any).x = () => 1',
    ],
    ['it sets a property of a function', 'function f() {}\nf.x = 1', 'f', 'f.x = 1'],
    ...[
      'const proto: any = Model.prototype\nproto.x = 1',
      'const { prototype: proto }: any = Model\nproto.x = 1',
      'Object.getPrototypeOf(new Model()).x = 1',
      '(new Model() as any).__proto__.x = 1',
      'new Model().constructor.prototype.x = 1',
      'const one = new Model()\none.constructor["proto" + "type"].x = 1',
      'const mix = (o: any) => { o.x = 1 }\nmix(Model.prototype)',
      'const mix = (o: any) => { Reflect.getPrototypeOf(o)!.x = 1 }\nmix(new Model())',
    ].map((text): [string, string, string, string] => {
      const [statement] = text.split('\n').slice(-1)
      return [`it changes a class by another way: ${text}`, `class Model {}\n${text}`, 'new Model()', statement!]
    }),
    ...[
      'const g: any = globalThis\ng.rate = 2',
      "const g: any = globalThis\ng['ra' + 'te'] = 2",
      'const set = (o: any) => { o.rate = 2 }\nset(globalThis)',
      'const { Array: A }: any = globalThis\nA.rate = 2',
      'const proto: any = Array.prototype\nproto.rate = 2',
      'const held: any = { of: Object }\nheld.of.rate = 2',
      "const { env } = process\nenv.RATE = '2'",
      "const env = process.env\nenv.RATE = '2'",
    ].map((text): [string, string, string, string] => {
      const [statement] = text.split('\n').slice(-1)
      return [`it changes a global by another name: ${text}`, text, '1', statement!]
    }),
    ...[
      'const d: any = cfg\nd.x = 1',
      'const d: any = cfg.defaults\nd.x = 1',
      'const { defaults }: any = cfg\ndefaults.x = 1',
    ].map((text): [string, string, string, string] => {
      const [statement] = text.split('\n').slice(-1)
      return [`it changes what a package holds: ${text}`, `import { cfg } from 'package'\n${text}`, '1', statement!]
    }),
    ['it deletes a property', 'const a: any = { b: 1 }\ndelete a.b', 'a', 'delete a.b'],
    ['it calls Object.assign', 'const a = {}\nObject.assign(a, { b: 1 })', 'a', 'Object.assign(a, { b: 1 })'],
    [
      'it does so in a loop',
      'const a: number[] = []\nfor (const i of [1]) a.push(i)',
      'a',
      'for (const i of [1]) a.push(i)',
    ],
    [
      'it does so under a condition',
      'const a: number[] = []\nif (a.length === 0) a.push(1)',
      'a',
      'if (a.length === 0) a.push(1)',
    ],
    ['it does so through a function', 'const a: number[] = []\nfunction fill() { a.push(1) }\nfill()', 'a', 'fill()'],
    [
      'it does so through a parameter',
      'const a: number[] = []\nfunction fill(to: number[]) { to.push(1) }\nfill(a)',
      'a',
      'fill(a)',
    ],
    [
      'it does so through a method',
      'const a: number[] = []\nconst filler = { fill(to: number[]) { to.push(1) } }\nfiller.fill(a)',
      'a',
      'filler.fill(a)',
    ],
    ['it does so through an alias', 'const a: number[] = []\nconst b = a\nb.push(1)', 'a', 'b.push(1)'],
    [
      'it does so through what holds it',
      'const a: number[] = []\nconst all = { a }\nall.a.push(1)',
      'a',
      'all.a.push(1)',
    ],
    [
      'it does so through what a function gives',
      'const a: number[] = []\nfunction get() { return a }\nget().push(1)',
      'a',
      'get().push(1)',
    ],
    [
      'it does so in a callback',
      'const a: number[] = [];\n[1].forEach((n) => a.push(n))',
      'a',
      '[1].forEach((n) => a.push(n))',
    ],
    [
      'it does so through a borrowed method',
      'const a: number[] = []\nArray.prototype.push.call(a, 1)',
      'a',
      'Array.prototype.push.call(a, 1)',
    ],
    [
      'it does so through what a built-in gave',
      'const a: any = { b: {} }\nObject.values<any>(a).at(0).c = 1',
      'a',
      'Object.values<any>(a).at(0).c = 1',
    ],
    [
      'it does so through what a built-in holds',
      'const a: any = [[]]\nObject.values<any>(a)[0].push(1)',
      'a',
      'Object.values<any>(a)[0].push(1)',
    ],
    [
      'it calls a static method that keeps something',
      'class A { static all = new Map(); static add(x: number) { this.all.set(x, x) } }\nA.add(1)',
      'A.all',
      'A.add(1)',
    ],
    ['it fills what a class holds', 'class A { static all = new Map() }\nA.all.set(1, 1)', 'A.all', 'A.all.set(1, 1)'],
    ['it fills what a function holds', 'function f() {}\nf.all = new Map()\nf.all.set(1, 1)', 'f', 'f.all.set(1, 1)'],
    [
      'it sets what has a setter',
      'const a: number[] = []\nclass B { set x(n: number) { a.push(n) } }\nconst b = new B()\nb.x = 1',
      'a',
      'b.x = 1',
    ],
    ['it does so later', 'let a = 1\nsetTimeout(() => { a = 2 }, 1)', 'a', 'setTimeout(() => { a = 2 }, 1)'],
    [
      'it does so through what holds it only since',
      `const a = { x: 1 }\nconst all = new Map()\nall.set('a', a)\nall.get('a').x = 2`,
      'a',
      `all.get('a').x = 2`,
    ],
    ['it hands it to a package', `import { fill } from 'package'\nconst a: number[] = []\nfill(a)`, 'a', 'fill(a)'],
    ['it sets a global variable', '(globalThis as any).x = 1', '1', '(globalThis as any).x = 1'],
    ['it sets a built-in prototype', '(Array.prototype as any).last = 1', '1', '(Array.prototype as any).last = 1'],
    ['it calls a package', `import { configure } from 'package'\nconfigure()`, '1', 'configure()'],
    [
      'it calls a function that sets a global variable',
      'function set() { (globalThis as any).x = 1 }\nset()',
      '1',
      'set()',
    ],
    ['it waits for something', `import { ready } from 'package'\nawait ready()`, '1', 'await ready()'],
  ])('%s', async (_, top, expression, statement) => {
    const files = withPackage(main(top, expression))
    expect(await names(files)).toContain(statement)
  })

  test('it is a declaration with such an effect', async () => {
    expect(await names(main('const a: number[] = []\nconst size = a.push(1)', 'a'))).toContain('size')
    expect(
      await names(main('const a: number[] = []\nconst fill = (to: number[]) => to.push(1)\nconst size = fill(a)', 'a')),
    ).toContain('size')
  })

  test('it is in another module', async () => {
    const files = {
      'steps.ts': `import './fill.ts'\n${main(`import { table } from './table.ts'`, 'table')}`,
      'table.ts': 'export const table = new Map()',
      'fill.ts': `import { table } from './table.ts'\ntable.set('a', 1)`,
    }
    expect(await names(files)).toContain(`table.set('a', 1)`)
  })

  test('it is in a module that is imported for its side effects', async () => {
    const files = {
      'steps.ts': main(`import './setup.ts'`, '1'),
      'setup.ts': `import './deeper.ts'`,
      'deeper.ts': '(globalThis as any).x = 1',
    }
    expect(await names(files)).toEqual(['(globalThis as any).x = 1'])
  })

  test('it is in a module on the path to used code', async () => {
    const files = {
      'steps.ts': main(`import { a } from './index.ts'`, 'a'),
      'index.ts': `export * from './a.ts'\n;(globalThis as any).x = 1`,
      'a.ts': 'export const a = 1',
    }
    expect(await names(files)).toContain('(globalThis as any).x = 1')
  })

  test('a package is imported for its side effects', async () => {
    const files = withPackage(main(`import 'package'`, '1'))
    const { manifest } = await new TemporaryProject(files).closure()
    expect(manifest.packages.map(({ name }) => name)).toEqual(['package'])
  })
})

describe('a statement is left out when', () => {
  test.each([
    ['it fills what is not reached', 'const a: number[] = []\nconst b: number[] = []\nb.push(1)', 'a'],
    ['it only prints', `const a = [1]\nconsole.log('loaded', a)`, 'a'],
    ['it is run only as the main module', 'const a: number[] = []\nif (import.meta.main) a.push(1)', 'a'],
    ['it only computes', 'const a = [1]\na.map((x) => x + 1)', 'a'],
    ['it fills another module on its own', `import './other.ts'\nconst a = [1]`, 'a'],
  ])('%s', async (_, top, expression) => {
    expect(await names({ 'steps.ts': main(top, expression), 'other.ts': 'const b: number[] = []\nb.push(1)' })).toEqual(
      ['a'],
    )
  })

  test.each([
    ['another step', `export const other = step('other', { outputs: {}, run: () => table.set('b', 1) })`],
    ['a pipeline', `import { pipeline } from '@cairn/kernel'\nexport const all = pipeline('all', () => main({}))`],
    ['a pure value of its own', `export const copy = new Map(table)`],
    ['a computed value', `const read = (from: any) => from.get('a')\nexport const copy = read(table)`],
    [
      'a call of a package for its value',
      `import { z } from 'package'\nexport const schema = z.object({ a: z.string(table) })`,
    ],
    ['what is read of the environment', `export const folder = process.cwd()`],
    ['a file that is read', `import { readFileSync } from 'node:fs'\nexport const text = readFileSync('a', 'utf8')`],
    [
      'a run of the pipeline',
      `import { explore } from '@cairn/explore'\nconst lab = await explore(main)\nconst run = await lab.until(main).run()\nconsole.table(await run.compare('production'))`,
    ],
  ])('it is %s', async (_, other) => {
    const top = `const table = new Map()\n`
    const files = (more: string) => withPackage(main(top, 'table') + more)
    expect(await new TemporaryProject(files(other)).fingerprint()).toBe(
      await new TemporaryProject(files('')).fingerprint(),
    )
  })
})

describe('the order of evaluation', () => {
  const different = async (a: string, b: string) => expect(await fingerprintOf(a)).not.toBe(await fingerprintOf(b))
  const same = async (a: string, b: string) => expect(await fingerprintOf(a)).toBe(await fingerprintOf(b))
  const fingerprintOf = (text: string) => new TemporaryProject(withPackage(text)).fingerprint()

  test.each([
    ['two draws from a counter', 'let n = 0\nconst next = () => ++n', 'const a = next()', 'const b = next()'],
    [
      'two draws from a closure',
      'const next = make()\nfunction make() { let n = 0; return () => ++n }',
      'const a = next()',
      'const b = next()',
    ],
    [
      'two draws from an object',
      'const counter = { n: 0, next() { return ++this.n } }',
      'const a = counter.next()',
      'const b = counter.next()',
    ],
    [
      'two draws from a generator',
      'const numbers = (function* () { yield 1; yield 2 })()',
      'const a = numbers.next().value',
      'const b = numbers.next().value',
    ],
    [
      'two draws from a class',
      'class C { static n = 0; static next() { return ++C.n } }',
      'const a = C.next()',
      'const b = C.next()',
    ],
    [
      'two draws from what a package made',
      `import { rng } from 'package'\nconst next = rng(1)`,
      'const a = next()',
      'const b = next()',
    ],
    ['a read and a write', 'const table = new Map()\nconst b = 1', 'const a = table.size', `table.set('a', 1)`],
    ['a read of a variable and its assignment', 'let n = 0\nconst b = 1', 'const a = n', 'n = 2'],
    ['a read and a var', 'function get() { return v }\nconst b = 1', 'const a = get()', 'var v = 2'],
    ['a copy and a write', 'const o: any = {}\nconst b = 1', 'const a = { ...o }', 'o.x = 1'],
    [
      'a read and a write through what holds it',
      `const o = { x: 1 }\nconst all = new Map()\nall.set('o', o)\nconst b = 1`,
      'const a = o.x',
      `all.get('o').x = 2`,
    ],
    [
      'a search that goes on',
      `const re = /x/g\nconst text = 'xx'`,
      'const a = re.test(text)',
      'const b = re.test(text)',
    ],
    ['a static block and a statement', 'const o: any = {}\nconst a = o', 'class b { static { o.x = 1 } }', 'o.x = 2'],
    ['two writes', 'const o: any = {}\nconst a = o, b = 1', 'o.x = 1', 'o.x = 2'],
  ])('is part of the fingerprint for %s', async (_, top, first, second) => {
    await different(main(`${top}\n${first}\n${second}`, '[a, b]'), main(`${top}\n${second}\n${first}`, '[a, b]'))
  })

  test.each([
    ['constants', '', 'const a = 1', `const b = 'x' + 2`],
    ['functions', '', 'function a() {}', 'const b = () => a()'],
    [
      'schemas',
      `import { z } from 'package'\nconst c = z.object({ x: z.number() })`,
      'const a = z.array(c)',
      'const b = z.record(z.string(), c)',
    ],
    [
      'tables that are built',
      'function build(n: number) { const out = []; for (let i = 0; i < n; i++) out.push(i); return out }',
      'const a = build(2)',
      'const b = build(3)',
    ],
    ['objects', '', 'const a = { x: 1, f() { return b } }', 'const b = new Map([[1, 2]])'],
    [
      'a class and what is made of it',
      'class C { n; constructor(n: number) { this.n = n } }',
      'const a = new C(1)',
      'const b = new C(2)',
    ],
    [
      'a statement and a function that it does not run',
      'const table = new Map()\nconst a = table',
      'table.set(1, 2)',
      'function b() { return table }',
    ],
    ['statements about different things', 'const a = new Map()\nconst b = new Map()', 'a.set(1, 2)', 'b.set(1, 2)'],
    [
      'a statement and a value that it does not touch',
      'const table = new Map()\nconst a = table\nconst f = (x: number) => [x]',
      'table.set(1, 2)',
      'const b = f(1)',
    ],
    ['a statement and a constant', 'const table = new Map()\nconst a = table', 'table.set(1, 2)', 'const b = 3'],
  ])('is not part of the fingerprint for %s', async (_, top, first, second) => {
    await same(main(`${top}\n${first}\n${second}`, '[a, b]'), main(`${top}\n${second}\n${first}`, '[a, b]'))
  })
})
