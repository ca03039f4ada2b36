import { expect, test } from 'vitest'
import { changes, main, type Row } from './step.fixture.ts'

/** Minimal packages in place of the real ones. */
const packages = Object.fromEntries(
  ['zod', 'lodash-es'].flatMap((name) => [
    [
      `node_modules/${name}/package.json`,
      `{ "name": "${name}", "version": "1.0.0", "type": "module", "exports": "./i.js" }`,
    ],
    [`node_modules/${name}/i.js`, 'export const z = {}, sortBy = 1'],
  ]),
)

const PURE: readonly Row[] = [
  ['', '(x) => x.rows.reduce((acc, r) => { (acc[r.k] ??= []).push(r); return acc }, {})'],
  ['', '(x) => x.rows.reduce((m, r) => m.set(r.k, (m.get(r.k) ?? 0) + 1), new Map())'],
  ['const TABLE = [3, 1]', '() => [...TABLE].sort()'],
  ['const TABLE = [3, 1]', '() => TABLE.slice().sort().reverse()'],
  ['const TABLE = [{ n: 1 }]', '() => TABLE.map((r) => ({ ...r })).map((r) => { r.n++; return r })'],
  ['const TABLE = [{ n: 1 }]', '() => structuredClone(TABLE).map((r) => { r.n++; return r })'],
  ['const TABLE = [{ n: 1 }]', '() => JSON.parse(JSON.stringify(TABLE)).push(1)'],
  [
    '',
    '(x) => { const memo = new Map(); const fib = (n) => { if (n < 2) return n; if (!memo.has(n)) memo.set(n, fib(n - 1) + fib(n - 2)); return memo.get(n) }; return fib(x) }',
  ],
  [
    'const memoize = (f) => { const m = new Map(); return (x) => { if (!m.has(x)) m.set(x, f(x)); return m.get(x) } }',
    '(x) => { const g = memoize(Math.sqrt); return g(x) }',
  ],
  [
    'class Builder { parts = []; add(x) { this.parts.push(x); return this } build() { return this.parts.join() } }',
    '(x) => new Builder().add(x).add(1).build()',
  ],
  [
    'class Counter { #n = 0; static from(x) { const c = new Counter(); c.#n = x; return c } inc() { this.#n++; return this } get n() { return this.#n } }',
    '(x) => Counter.from(x).inc().n',
  ],
  [
    'class Heap { constructor(cmp) { this.items = []; this.cmp = cmp } push(x) { this.items.push(x); this.items.sort(this.cmp) } pop() { return this.items.shift() } }',
    '(x) => { const h = new Heap((a, b) => a - b); x.forEach((v) => h.push(v)); return h.pop() }',
  ],
  [
    'class Animal { name = "a"; speak() { return this.name } }\nclass Dog extends Animal { constructor() { super(); this.name = "dog" } }\nconst REX = new Dog()',
    '() => { const d = new Dog(); d.name = "x"; return REX.speak() + d.speak() }',
  ],
  [
    'class V { constructor(x) { this.x = x } add(o) { return new V(this.x + o.x) } }\nconst ZERO = new V(0)',
    '(x) => ZERO.add(new V(x)).x',
  ],
  [
    'const rng = (seed) => { let s = seed; return () => { s = (s * 16807) % 2147483647; return s } }',
    '(x, p, { random }) => { const r = rng(1); return [r(), r(), random()] }',
  ],
  [
    'function* range(n) { for (let i = 0; i < n; i++) yield i }',
    '(x) => { const it = range(3); it.next(); return [...it] }',
  ],
  ['const RE = /a/g', '(x) => x.replaceAll(RE, "b").split(RE).join(x.match(RE))'],
  ['const RE = /(\\d+)/g', '(x) => [...x.matchAll(RE)].map((m) => m[1])'],
  ['const source = "a"', '(x) => { const re = new RegExp(source, "g"); return re.exec(x) }'],
  ['', '(x) => { const re = /a/g; let m; const out = []; while ((m = re.exec(x))) out.push(m.index); return out }'],
  [
    'const WEIGHTS = { a: 1, b: 2 }',
    '(x) => Object.entries(WEIGHTS).map(([k, w]) => w * x[k]).reduce((a, b) => a + b, 0)',
  ],
  [
    'const WEIGHTS = { a: [1, 2] }',
    '(x) => Object.fromEntries(Object.entries(WEIGHTS).map(([k, w]) => [k, w.map((v) => v * 2)]))',
  ],
  [
    'const DEFAULTS = { list: [1], deep: { a: 1 } }',
    '(x) => { const o = { ...DEFAULTS, list: [...DEFAULTS.list] }; o.list.push(2); o.n = 1; return o }',
  ],
  [
    'const merge = (a, b) => { const out = { ...a }; for (const k in b) out[k] = b[k]; return out }\nconst D = { a: 1 }',
    '(x) => merge(D, x)',
  ],
  [
    'const swap = (a, i, j) => { const t = a[i]; a[i] = a[j]; a[j] = t }\nconst T = [1, 2]',
    '(x) => { const a = [...T]; swap(a, 0, 1); return a }',
  ],
  [
    'const shuffle = (a, r) => { for (let i = a.length; i--;) { const j = Math.floor(r() * i); [a[i], a[j]] = [a[j], a[i]] } return a }\nconst T = [1, 2]',
    '(x, p, { random }) => shuffle([...T], random)',
  ],
  [
    'const matrix = (n) => Array.from({ length: n }, () => new Float64Array(n))\nconst I = matrix(2)',
    '(x) => { const m = matrix(3); m[0][0] = I[0][0] + 1; return m }',
  ],
  [
    'const push = (list, x) => { list.push(x); return list }\nconst BASE = push(push([], 1), 2)',
    '(x) => push(push([...BASE], x), 1)',
  ],
  [
    'const handlers = { a: (s, x) => { s.n += x }, b: (s) => { s.n = 0 } }',
    '(x) => { const state = { n: 0 }; for (const k of x) handlers[k](state, 1); return state.n }',
  ],
  [
    'const visit = (node, f) => { f(node); (node.children ?? []).forEach((c) => visit(c, f)) }\nconst TREE = { children: [{}] }',
    '() => { let n = 0; const all = []; visit(TREE, (x) => { n++; all.push(x) }); return n }',
  ],
  [
    'const parse = (text) => { let at = 0; const next = () => text[at++]; const out = []; while (at < text.length) out.push(next()); return out }\nconst P = parse("ab")',
    '(x) => parse(x.text)',
  ],
  ['const debug = (o) => { console.log(o) }\nconst T = [1]', '(x) => { debug(T); return x }'],
  ['const ENC = new TextEncoder(), DEC = new TextDecoder()', '(x) => DEC.decode(ENC.encode(x))'],
  [
    'const FMT = new Intl.DateTimeFormat("en"), C = new Intl.Collator("en")',
    '(x) => x.sort(C.compare).map((d) => FMT.format(d))',
  ],
  ['const T0 = new Date(0)', '(x) => { const d = new Date(T0); d.setDate(3); return d }'],
  [
    'const T = new Uint8Array([1, 2])',
    '() => { const c = new Uint8Array(T); c[0] = 9; const d = T.slice(); d.fill(1); return c }',
  ],
  [
    'const URLS = new URL("http://a/b")',
    '(x) => { const u = new URL(URLS); u.pathname = x; u.searchParams.set("a", "b"); return u.href }',
  ],
  [
    'import { z } from "zod"\nconst S = z.object({ a: z.number() })',
    '(x) => { const v = S.parse(x); v.a = 2; return v }',
  ],
  [
    'import { sortBy } from "lodash-es"\nconst T = [3, 1]',
    '(x) => { const s = sortBy(T); s.push(1); return s.reverse() }',
  ],
  ['import { createHash } from "node:crypto"', '(x) => createHash("sha256").update(x).digest("hex")'],
  ['import { join } from "node:path"\nconst PARTS = ["a"]', '(x) => join(...PARTS, x)'],
  [
    'const T = new Map([["a", [1]]])',
    '(x) => { const m = new Map(T); m.set("b", []); m.delete("a"); return m.get("a")?.length }',
  ],
  ['const T = new Set(["a"])', '(x) => { const s = new Set(T); s.add(x); return T.union(s).size }'],
  [
    'const KEYS = ["a", "b"]',
    '(x) => { const out = {}; for (const k of KEYS) out[k] = []; for (const k of KEYS) out[k].push(x[k]); return out }',
  ],
  [
    'const KEYS = ["a", "b"]',
    '(x) => { const cols = KEYS.map((k) => ({ k, values: [] })); for (const r of x.rows) for (const c of cols) c.values.push(r[c.k]); return cols }',
  ],
  [
    'const chunk = (a, n) => { const out = []; for (let i = 0; i < a.length; i += n) out.push(a.slice(i, i + n)); return out }',
    '(x) => chunk(x, 2).map((c) => { c.push(0); return c })',
  ],
  [
    'const group = (rows, f) => { const m = new Map(); for (const r of rows) { const k = f(r); if (m.has(k)) m.get(k).push(r); else m.set(k, [r]) } return m }\nconst ROWS = [{ k: 1 }]',
    '() => { const g = group(ROWS, (r) => r.k); g.get(1).push(2); return [...g.values()] }',
  ],
  [
    'const tree = (rows, depth) => depth === 0 ? { leaf: true } : { left: tree(rows, depth - 1), right: tree(rows, depth - 1) }',
    '(x) => { const t = tree(x, 3); t.left.n = 1; return t }',
  ],
  [
    'const pipe = (...fs) => (x) => fs.reduce((v, f) => f(v), x)\nconst run = pipe((a) => a.filter(Boolean), (a) => { a.push(1); return a })',
    '(x) => run(x)',
  ],
  [
    'const ops = new Map([["+", (a, b) => a + b]])',
    '(x) => { const stack = []; for (const t of x) stack.push(ops.has(t) ? ops.get(t)(stack.pop(), stack.pop()) : t); return stack.pop() }',
  ],
  [
    'class Matrix { constructor(n) { this.d = new Float64Array(n) } set(i, v) { this.d[i] = v; return this } static eye(n) { return new Matrix(n).set(0, 1) } }\nconst EYE = Matrix.eye(2)',
    '(x) => Matrix.eye(3).set(1, EYE.d[0])',
  ],
  [
    'class E extends Error { constructor(m) { super(m); this.name = "E" } }',
    '(x) => { if (!x) throw new E("a"); return 1 }',
  ],
  [
    'class Stack extends Array { top() { return this[this.length - 1] } }',
    '(x) => { const s = new Stack(); s.push(x); return s.top() }',
  ],
  ['const f = (x, opts = {}) => { opts.seen ??= []; opts.seen.push(x); return opts }', '(x) => f(x)'],
  ['const lazy = (f) => { let v; return () => (v ??= f()) }', '(x) => { const a = lazy(() => x); return a() + a() }'],
  [
    'async function* pages(x) { yield x }',
    'async (x) => { const all = []; for await (const p of pages(x)) all.push(p); return all }',
  ],
  [
    'const limit = (n) => { let active = 0; return async (f) => { active++; try { return await f() } finally { active-- } } }',
    'async (x) => { const l = limit(2); return Promise.all(x.map((v) => l(async () => v))) }',
  ],
  [
    'const identity = (v) => v\nconst T = { a: 1 }',
    '(x) => { identity(T); const o = { ...identity(x) }; o.a = 1; return o }',
  ],
  [
    'const last = (xs) => xs[xs.length - 1]\nconst T = [{ a: 1 }]',
    '(x) => { const rows = [{ a: last(T).a }]; last(rows).a = 2; return rows }',
  ],
  [
    'const T = [{ a: 1 }]\nfunction tidy(rows) { const seen = new Set(); const kept = []; for (const row of rows) { if (!seen.has(row.a)) kept.push(row.a); seen.add(row.a) } if (kept.length === 0) return rows; return rows }',
    '(x) => { const known = tidy(T).length; const rows = tidy([...x]); rows.push({ a: known }); return rows }',
  ],
]

test.each(PURE)('a step is not reported to change state: %s; %s', async (top, body, outputs) => {
  expect(await changes({ ...packages, 'steps.ts': main(body, top, outputs) })).toEqual([])
})
