import { afterAll, describe, expect, test } from 'vitest'
import { fingerprints, TemporaryProject } from '../project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

const step = (body: string, top = '') =>
  `import { step } from '@cairn/kernel'\n${top}\nexport const main = step('main', { outputs: {}, run: ${body} })\n`

describe('two bodies have the same fingerprint', () => {
  test.each([
    [
      'when only names of local variables differ',
      '(a, { n }) => { const m = n + 1; return m * a }',
      '(x, { n: k }) => { const y = k + 1; return y * x }',
    ],
    [
      'when only white space and comments differ',
      '(a) => { return a + 1 }',
      '(a) => {\n  // adds one\n  return a + 1; /* done */\n}',
    ],
    [
      'when only quotes and separators of numbers differ',
      `() => ['a', 1000, 0xff, 1n]`,
      '() => ["a", 1_000, 255, 0x1n]',
    ],
    ['when only quotes around keys differ', `() => ({ 'a': 1, b: 2, 3: 4 })`, `() => ({ a: 1, 'b': 2, '3': 4 })`],
    ['when a shorthand property is written out', '(a) => ({ a })', '(b) => ({ a: b })'],
    ['when a shorthand pattern is written out', '({ a = 1 }) => a', '({ a: b = 1 }) => b'],
    ['when parentheses are superfluous', '(a) => (a * 2) + (1)', '(a) => a * 2 + 1'],
    ['when semicolons and empty statements differ', '(a) => { a(); return 1 }', '(a) => { ; a();; return 1; }'],
    [
      'when a label is called otherwise',
      '() => { out: for (;;) { for (;;) break out } }',
      '() => { done: for (;;) { for (;;) break done } }',
    ],
    ['when the line ends of a template differ', '() => `a\r\nb`', '() => `a\nb`'],
    ['when an escape stands for the same character', `() => 'a\\u0062'`, `() => 'ab'`],
    [
      'when a function expression names itself otherwise',
      '() => function f(n) { return n && f(n - 1) }',
      '() => function g(n) { return n && g(n - 1) }',
    ],
    [
      'when a catch variable is called otherwise',
      '() => { try { a() } catch (e) { return e } }',
      '() => { try { a() } catch (error) { return error } }',
    ],
    [
      'when a private name is another',
      '() => class { #a = 1; #b = 2; get() { return this.#a } }',
      '() => class { #x = 1; #a = 2; get() { return this.#x } }',
    ],
    [
      'when a local class is called otherwise',
      '() => { class A { #x = 1; get() { return new A() } } return A }',
      '() => { class B { #x = 1; get() { return new B() } } return B }',
    ],
  ])('%s', async (_, before, after) => {
    const [a, b] = await fingerprints(step(before), step(after))
    expect(a).toBe(b)
  })

  test.each([
    ['annotations', '(a) => { const b = a; return b }', '(a: number): number => { const b: number = a; return b }'],
    [
      'as, satisfies, ! and assertions',
      '(a) => [a, a.b, a?.b.c]',
      '(a: any) => [a as string, a!.b satisfies unknown, a?.b!.c]',
    ],
    ['generics', '(f) => f([])', '<T,>(f: <U>(x: U) => T) => f<T[]>([])'],
    [
      'optional parameters and this',
      '() => { function f(a) { return a } return f }',
      '() => { function f(this: Date, a?: string) { return a } return f }',
    ],
    [
      'overloads',
      '() => { function f(a) { return a } return f(1) }',
      '() => { function f(a: string): string; function f(a: number): number; function f(a: any) { return a } return f(1) }',
    ],
    ['local types and interfaces', '() => { return 1 }', '() => { type A = 1; interface B { a: 1 } return 1 }'],
    [
      'class members that are only types',
      '() => class { x = 1; m() {} }',
      '() => class<T> implements Iterable<T> { declare y: 1; private readonly x: number = 1; m(a?: 1): void; m() {} [key: string]: any }',
    ],
  ])('when only types differ: %s', async (_, before, after) => {
    const [a, b] = await fingerprints(step(before), step(after))
    expect(a).toBe(b)
  })
})

describe('two bodies have different fingerprints', () => {
  test.each([
    ['operands are swapped', '(a, b) => a - b', '(a, b) => b - a'],
    ['parameters are swapped', '(a, b) => a - b', '(b, a) => a - b'],
    ['a name is shadowed', '(a) => ((b) => a)(1)', '(a) => ((a) => a)(1)'],
    ['a block shadows', '(a) => { { let b = 1; b } return a }', '(a) => { let b; { b = 1; b } return b }'],
    ['a string differs', `() => 'a'`, `() => 'b'`],
    ['a string becomes a number', `() => '1'`, '() => 1'],
    ['unpaired surrogates differ', `() => '\\ud800'`, `() => '\\ud801'`],
    ['unpaired surrogates in a template differ', '() => `\\ud800`', '() => `\\ud801`'],
    ['a number becomes a bigint', '() => 1', '() => 1n'],
    ['a regular expression differs', '() => /a/', '() => /b/'],
    ['a flag of a regular expression differs', '() => /a/g', '() => /a/i'],
    ['a template has another text', '(a) => `${a} b`', '(a) => `${a} c`'],
    ['a template has its text elsewhere', '(a) => `x${a}`', '(a) => `${a}x`'],
    ['a tagged template is written otherwise', '() => String.raw`\\n`', '() => String.raw`\n`'],
    ['a property has another name', '(a) => a.b', '(a) => a.c'],
    ['a key has another name', '(a) => ({ b: a })', '(a) => ({ c: a })'],
    ['a key is computed', '(a) => ({ a: 1 })', '(a) => ({ [a]: 1 })'],
    ['a pattern takes another property', '({ a }) => a', '({ b: a }) => a'],
    ['a default value differs', '(a = 1) => a', '(a = 2) => a'],
    ['a default value is gone', '(a = 1) => a', '(a) => a'],
    ['it is asynchronous', '() => 1', 'async () => 1'],
    ['it is a generator', '() => function () {}', '() => function* () {}'],
    ['a chain is optional', '(a) => a.b', '(a) => a?.b'],
    ['a chain is cut by parentheses', '(a) => a?.b.c', '(a) => (a?.b).c'],
    ['an optional call', '(a) => a()', '(a) => a?.()'],
    ['a rest parameter', '(a) => a', '(...a) => a'],
    ['a spread', '(a) => [a]', '(a) => [...a]'],
    ['a hole in an array', '() => [1, 2]', '() => [1, , 2]'],
    [
      'a jump goes elsewhere',
      '() => { a: for (;;) { b: for (;;) break a } }',
      '() => { a: for (;;) { b: for (;;) break b } }',
    ],
    ['an operator differs', '(a) => a && 1', '(a) => a || 1'],
    ['=== becomes ==', '(a) => a === 1', '(a) => a == 1'],
    ['++ moves', '(a) => a++', '(a) => ++a'],
    ['a getter becomes a method', '() => ({ get a() { return 1 } })', '() => ({ a() { return 1 } })'],
    ['a method becomes a function', '() => ({ a() {} })', '() => ({ a: function () {} })'],
    ['a class member becomes static', '() => class { a = 1 }', '() => class { static a = 1 }'],
    [
      'another private name is read',
      '() => class { #a = 1; #b = 1; get() { return this.#a } }',
      '() => class { #a = 1; #b = 1; get() { return this.#b } }',
    ],
    ['a private name becomes public', '() => class { #a = 1 }', '() => class { a = 1 }'],
    ['a class extends another', '(A, B) => class extends A {}', '(A, B) => class extends B {}'],
    [
      '__proto__ is set, or a property of that name',
      '(__proto__) => ({ __proto__ })',
      '(__proto__) => ({ __proto__: __proto__ })',
    ],
    ['a key __proto__ is computed', `(a) => ({ __proto__: a })`, `(a) => ({ ['__proto__']: a })`],
    ['a loop counts otherwise', '(a) => { for (const b of a) b }', '(a) => { for (const b in a) b }'],
    ['an await is in a loop', 'async (a) => { for (const b of a) b }', 'async (a) => { for await (const b of a) b }'],
    [
      'a case falls through',
      '(a) => { switch (a) { case 1: return 1; default: return 2 } }',
      '(a) => { switch (a) { default: return 2; case 1: return 1 } }',
    ],
    ['statements are swapped', '(a, b) => { a(); b() }', '(a, b) => { b(); a() }'],
    ['a global variable differs', '() => Number', '() => String'],
    ['a local variable becomes global', '(isNaN) => isNaN(1)', '(a) => isNaN(1)'],
    ['an argument is void', '(a) => a(1)', '(a) => a(1, undefined)'],
    ['new is gone', '(A) => new A()', '(A) => A()'],
    ['new.target', '() => function () { return new.target }', '() => function () { return undefined }'],
    ['this', '() => function () { return this }', '() => function () { return undefined }'],
    [
      'a var hides a parameter',
      '(a, b = () => a) => { var a = 1; return b() }',
      '(a, b = () => a) => { var c = 1; return b() }',
    ],
    ['a var is the parameter', '(a) => { var a; return a }', '(a) => { var b; return b }'],
    [
      'a parameter sees no variable of the body',
      '(a = typeof b) => { var b = 1; return a }',
      '(b, a = typeof b) => { b = 1; return a }',
    ],
    [
      'a catch variable is assigned by var',
      '() => { try { x() } catch (e) { var e = 1; return e } }',
      '() => { try { x() } catch (e) { var f = 1; return e } }',
    ],
    ['a directive', '() => { "use strict"; return 1 }', '() => { ("use strict"); return 1 }'],
    ['the comma', '(a, b) => [a, b]', '(a, b) => [(a, b)]'],
    ['the exponent', '(a) => (-a) ** 2', '(a) => -(a ** 2)'],
  ])('when %s', async (_, before, after) => {
    const [a, b] = await fingerprints(step(before), step(after))
    expect(a).not.toBe(b)
  })

  test('when both use eval and their variables have different names', async () => {
    const [a, b] = await fingerprints(step(`(a) => eval('a')`), step(`(b) => eval('a')`))
    expect(a).not.toBe(b)
  })
})
