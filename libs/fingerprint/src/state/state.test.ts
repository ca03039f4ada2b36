import { describe, expect, test } from 'vitest'
import type { Files } from '../project.fixture.ts'
import { changes, main } from './step.fixture.ts'

const changed = async (files: Files | string) => (await changes(files)).map((detail) => detail.split(': ')[0])

describe('a step is reported to change state that outlives a call', () => {
  test.each([
    ['let n = 0', '() => n++', 'n'],
    ['let n = 0', '() => { n += 1 }', 'n'],
    ['let n', '() => (n ??= 1)', 'n'],
    ['let n = 0', '(x) => { [n] = [x] }', 'n'],
    ['let n = 0', '(x) => { ({ a: n = 1 } = x) }', 'n'],
    ['let n = 0', '(x) => { for (n of x); }', 'n'],
    ['const s = { n: 0 }', '() => s.n++', 's'],
    ['const s = { n: 0 }', '(x) => { ({ n: s.n } = x) }', 's'],
    ['const s: any = {}', '(x) => delete s[x]', 's'],
    ['const s: any = {}', '(x) => Object.assign(s, x)', 's'],
    ['const s: any = {}', '(x) => Reflect.set(s, "a", x)', 's'],
    ['const s: any = { a: { b: [] } }', '(x) => s.a.b.push(x)', 's'],
    ['const s: any = { a: { b: [] } }', '(x) => s?.a?.b?.push(x)', 's'],
    ['const seen: any[] = []', '(x) => seen.push(x)', 'seen'],
    ['const seen: any[] = []', '(x) => { seen.length = 0 }', 'seen'],
    ['const seen: any[] = []', '(x) => seen["push"](x)', 'seen'],
    ['const seen: any[] = []', '(x) => Array.prototype.push.call(seen, x)', 'seen'],
    ['const seen: any[] = []', '(x) => { const all = seen; all.push(x) }', 'seen'],
    ['const seen: any[] = []', '(x) => { let all = [x]; if (x) all = seen; all.push(x) }', 'seen'],
    ['const seen: any[] = []\nconst alias = seen', '(x) => alias.push(x)', 'seen'],
    ['const seen: any[] = []', '(x) => { const { seen: all } = { seen }; all.push(x) }', 'seen'],
    ['const seen: any[] = []\nconst add = (to, x) => { to.push(x) }', '(x) => add(seen, x)', 'seen'],
    ['const seen: any[] = []\nconst all = () => seen', '(x) => all().push(x)', 'seen'],
    ['const rows = [{ n: 0 }]', '() => rows.forEach((row) => { row.n++ })', 'rows'],
    ['const rows = [{ n: 0 }]', '() => { for (const row of rows) row.n++ }', 'rows'],
    ['const rows = [{ n: 0 }]', '() => { for (const row of [...rows].filter(Boolean)) row.n++ }', 'rows'],
    ['const rows = [{ n: 0 }]', '() => { rows.find(Boolean).n++ }', 'rows'],
    ['const rows = [3, 1]', '() => rows.sort()', 'rows'],
    ['const cache = new Map()', '(x) => cache.set(x, 1)', 'cache'],
    ['const cache = new WeakMap()', '(x) => cache.set(x, 1)', 'cache'],
    ['const cache: any = {}', '(x) => (cache[x] ??= 1)', 'cache'],
    ['const bytes = new Float64Array(2)', '(x) => { bytes[0] = x }', 'bytes'],
    ['const word = /a/g', '(x) => word.test(x)', 'word'],
    ['const word = /a/y', '(x) => { word.lastIndex = 0 }', 'word'],
    ['function* count() { yield 1; yield 2 }\nconst ids = count()', '() => ids.next()', 'ids'],
    ['function* count() { yield 1; yield 2 }\nconst ids = count()', '() => { for (const id of ids) break }', 'ids'],
    ['const ids = [1, 2].values()', '() => [...ids]', 'ids'],
    ['const t: any = { n: 1 }\nt.list = []', '(x) => t.list.push(x)', 't'],
    ['class C { static n = 0 }', '() => C.n++', 'C'],
    ['class C { static n = 0; static add() { return this.n++ } }', '() => C.add()', 'C'],
    ['class C { n = 0; add() { this.n++ } }\nconst c = new C()', '() => c.add()', 'c'],
    ['class C { #n = 0; get next() { return this.#n++ } }\nconst c = new C()', '() => c.next', 'c'],
    ['const next = (() => { let n = 0; return () => n++ })()', '() => next()', 'n'],
    ['const make = () => { let n = 0; return { next: () => ++n } }\nconst c = make()', '() => c.next()', 'n'],
    [
      'const memo = (f) => { const m = new Map(); return (x) => { m.set(x, f(x)); return m.get(x) } }\nconst g = memo(String)',
      '(x) => g(x)',
      'm',
    ],
    ['const f: any = () => 1', '() => { f.calls = 1 }', 'f'],
    ['', '(x) => { globalThis.x = x }', 'globalThis.x'],
    ['', '(x) => { Array.prototype.x = x }', 'Array.prototype.x'],
    [
      'const seen: any[] = []\nclass A { list: any[]; constructor() { this.list = seen } add(x) { this.list.push(x) } }',
      '(x) => new A().add(x)',
      'seen',
    ],
    ['import { EventEmitter } from "node:events"\nconst bus = new EventEmitter()', '(x) => bus.on("a", x)', 'bus'],
  ])('%s; %s', async (top, body, expected) => {
    expect(await changed(main(body, top))).toContain(expected)
  })

  test('in another module, by name, namespace, helper, and in the result of a factory', async () => {
    const state = `export const seen = []\nexport let n = 0\nexport const add = (x) => { n++; seen.push(x) }\n`
    const by = (imports: string, body: string) => changed({ 'steps.ts': main(body, imports), 'state.ts': state })
    expect(await by(`import { seen } from './state.ts'`, '(x) => seen.push(x)')).toEqual(['seen'])
    expect(await by(`import * as s from './state.ts'`, '(x) => s.seen.push(x)')).toEqual(['seen'])
    expect(await by(`import { add } from './state.ts'`, '(x) => add(x)')).toEqual(['n', 'seen'])
    expect(await by(`import * as s from './state.ts'`, '(x) => [1].map(s.add)')).toEqual(['n', 'seen'])
    const factory = `import { step } from '@cairn/kernel'
const make = (name) => { let calls = 0; return step(name, { outputs: {}, run: () => ({ a: calls++ }) }) }
export const main = make('main')`
    expect(await changed(factory)).toEqual(['calls'])
  })
})

describe('a step is not reported to change state', () => {
  test.each([
    ['', '(x) => { let n = 0; n++; const a = []; a.push(x); a.sort(); const m = new Map(); m.set(1, a); return m }'],
    ['', '(x, p) => { p.a = 1; x.rows.push(1); delete x.b }'],
    ['const TABLE = { a: [1, 2] }', '(x) => { const all = [...TABLE.a, x]; all.push(1); return TABLE.a[x] }'],
    ['const TABLE = [1, 2]', '(x) => TABLE.map((n) => n + 1).filter(Boolean).sort()'],
    [
      'const TABLE = new Map([[1, 2]])',
      '(x) => { const found = []; for (const [k] of TABLE) found.push(k); return found }',
    ],
    ['const TABLE = {}\nfor (const k of ["a"]) TABLE[k] = 1', '(x) => TABLE[x]'],
    ['const push = (to, x) => { to.push(x); return to }\nconst TABLE = push([], 1)', '(x) => push([], TABLE[0])'],
    [
      'const list = (xs) => { const out = []; xs.forEach((x) => out.push(x)); return out }\nconst ALL = list([1])',
      '(x) => list(x)',
    ],
    [
      'const count = () => { let n = 0; const add = () => { n++ }; add(); return n }\nconst TWO = count()',
      '() => count() + TWO',
    ],
    ['class C { n = 0; add() { this.n++; return this } }', '() => new C().add().add()'],
    [
      'class C { n: number; constructor(n) { this.n = n } get twice() { return 2 * this.n } }\nconst c = new C(1)',
      '() => c.twice',
    ],
    [
      'const NAMES = ["a"]',
      '(x) => { const columns = NAMES.map((n) => x[n]); columns[0].n = 1; return NAMES.map((n) => [n]).map((p) => p.push(1)) }',
    ],
    ['const word = /a/', '(x) => word.test(x)'],
    ['const word = /a/g', '(x) => x.replace(word, "")'],
    ['const format = new Intl.NumberFormat("en")', '(x) => format.format(x)'],
    ['const encoder = new TextEncoder()', '(x) => encoder.encode(x)'],
    ['function* count() { yield 1 }', '() => { for (const n of count()) return n }'],
    [
      'const DEFAULTS = { a: 1 }',
      '(x) => { const o = { ...DEFAULTS }; o.a = 2; return Object.assign({}, DEFAULTS, o) }',
    ],
    ['const DEFAULTS = { a: { b: 1 } }', '(x) => { const o = structuredClone(DEFAULTS); o.a.b = 2 }'],
    [
      'const random = (seed) => { let s = seed; return () => (s = (s * 7) % 11) }',
      '(x) => { const r = random(x); return r() + r() }',
    ],
    [
      'const NAMES = ["a"]\nconst of = (o) => Object.fromEntries(NAMES.map((n) => [n, o[n]]))',
      '(x) => { const o = of(x); o.a = 1; return o }',
    ],
  ])('%s; %s', async (top, body) => {
    expect(await changed(main(body, top))).toEqual([])
  })
})
