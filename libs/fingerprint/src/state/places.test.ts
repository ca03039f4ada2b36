import { expect, test } from 'vitest'
import type { Files } from '../project.fixture.ts'
import { changes, main } from './step.fixture.ts'

const ROWS: readonly [top: string, body: string, more?: Files][] = [
  [
    'import T from "./t.json" with { type: "json" }',
    '(x) => { T.rows[0].n += x; return T.rows[0].n }',
    { 't.json': '{"rows":[{"n":0}],"o":{"l":[]}}' },
  ],
  [
    'import T from "./t.json" with { type: "json" }',
    '(x) => { T.rows.forEach((r) => { r.n += x }); return T.rows[0].n }',
    { 't.json': '{"rows":[{"n":0}],"o":{"l":[]}}' },
  ],
  [
    'import T from "./t.json" with { type: "json" }',
    '(x) => { for (const r of T.rows) r.n += x; return T.rows[0].n }',
    { 't.json': '{"rows":[{"n":0}],"o":{"l":[]}}' },
  ],
  [
    'import T from "./t.json" with { type: "json" }',
    '(x) => { T.rows.map((r) => Object.assign(r, { n: r.n + x })); return T.rows[0].n }',
    { 't.json': '{"rows":[{"n":0}],"o":{"l":[]}}' },
  ],
  [
    'import T from "./t.json" with { type: "json" }',
    '(x) => { Object.values(T.o).forEach((l) => l.push(x)); return [...T.o.l] }',
    { 't.json': '{"rows":[{"n":0}],"o":{"l":[]}}' },
  ],
  [
    'import T from "./t.json" with { type: "json" }',
    '(x) => { const [r] = T.rows; r.n += x; return r.n }',
    { 't.json': '{"rows":[{"n":0}],"o":{"l":[]}}' },
  ],
  [
    'import T from "./t.json" with { type: "json" }',
    '(x) => { const { o: { l } } = T; l.push(x); return [...l] }',
    { 't.json': '{"rows":[{"n":0}],"o":{"l":[]}}' },
  ],
  [
    'import T from "./t.json" with { type: "json" }',
    '(x) => { const c = { ...T }; c.o.l.push(x); return [...c.o.l] }',
    { 't.json': '{"rows":[{"n":0}],"o":{"l":[]}}' },
  ],
  [
    'import T from "./t.json" with { type: "json" }',
    '(x) => { T.rows.at(0).n += x; return T.rows.find(Boolean).n }',
    { 't.json': '{"rows":[{"n":0}],"o":{"l":[]}}' },
  ],
  [
    'import T from "./t.json" with { type: "json" }',
    '(x) => { T.rows.reduce((a, r) => { r.n += x; return a }, 0); return T.rows[0].n }',
    { 't.json': '{"rows":[{"n":0}],"o":{"l":[]}}' },
  ],
  [
    'import T from "./t.json" with { type: "json" }',
    '(x) => { const rows = T.rows.filter(Boolean); rows[0].n += x; return rows[0].n }',
    { 't.json': '{"rows":[{"n":0}],"o":{"l":[]}}' },
  ],
  [
    'import T from "./t.json" with { type: "json" }',
    '(x) => { const rows = T.rows.toSorted(); rows[0].n += x; return rows[0].n }',
    { 't.json': '{"rows":[{"n":0}],"o":{"l":[]}}' },
  ],
  [
    'import T from "./t.json" with { type: "json" }',
    '(x) => { const m = new Map(T.rows.map((r) => [1, r])); m.get(1).n += x; return T.rows[0].n }',
    { 't.json': '{"rows":[{"n":0}],"o":{"l":[]}}' },
  ],
  [
    'import T from "./t.json" with { type: "json" }',
    '(x) => { const [[, r]] = Object.entries(T.rows); r.n += x; return r.n }',
    { 't.json': '{"rows":[{"n":0}],"o":{"l":[]}}' },
  ],
  ['const T = JSON.parse("{\\"l\\":[]}")', '(x) => { T.l.push(x); return [...T.l] }'],
  ['const T = JSON.parse("[{\\"n\\":0}]")', '(x) => { for (const r of T) r.n += x; return T[0].n }'],
  ['const T = JSON.parse("[{\\"n\\":0}]").map((r) => r)', '(x) => { for (const r of T) r.n += x; return T[0].n }'],
  ['const T = structuredClone({ l: [] })', '(x) => { T.l.push(x); return [...T.l] }'],
  ['const T = Object.keys({ a: 1 })', '(x) => { T.push(x); return [...T] }'],
  ['const T = "a,b".split(",")', '(x) => { T.push(x); return [...T] }'],
  ['const T = "ab".match(/a/)', '(x) => { T.push(x); return [...T] }'],
  ['const T = /a/.exec("a")', '(x) => { T.push(x); return [...T] }'],
  ['const T = [..."ab"]', '(x) => { T.push(x); return [...T] }'],
  ['const T = Array(3)', '(x) => { T[0] = (T[0] ?? 0) + x; return [...T] }'],
  ['const T = Array.from({ length: 2 })', '(x) => { T.push(x); return [...T] }'],
  ['const T = Array.from({ length: 2 }, () => [])', '(x) => { T[0].push(x); return [...T[0]] }'],
  ['const T = Array(2).fill(0).map(() => ({ n: 0 }))', '(x) => { T[0].n += x; return T[0].n }'],
  ['const T = Object.fromEntries([["a", []]])', '(x) => { T.a.push(x); return [...T.a] }'],
  ['const T = Object.groupBy([{ n: 0 }], () => "a")', '(x) => { T.a[0].n += x; return T.a[0].n }'],
  ['const T = Map.groupBy([{ n: 0 }], () => "a")', '(x) => { T.get("a")[0].n += x; return T.get("a")[0].n }'],
  ['const T = Map.groupBy([{ n: 0 }], () => "a")', '(x) => { const v = T.size; T.set(x, []); return v }'],
  ['const T = [[1, []]]\nconst M = new Map(T)', '(x) => { M.get(1).push(x); return [...M.get(1)] }'],
  ['const T = [3, 1].concat([])', '(x) => { T.push(x); return [...T] }'],
  [
    'const { promise, resolve } = Promise.withResolvers()\nresolve({ n: 0 })',
    'async (x) => { const o = await promise; o.n += x; return o.n }',
  ],
  ['const P = Promise.try(() => ({ n: 0 }))', 'async (x) => { const o = await P; o.n += x; return o.n }'],
  ['const P = (async () => ({ n: 0 }))()', 'async (x) => { const o = await P; o.n += x; return o.n }'],
  ['const P = Promise.all([{ n: 0 }])', 'async (x) => { const [o] = await P; o.n += x; return o.n }'],
  [
    'const P = Promise.allSettled([{ n: 0 }])',
    'async (x) => { const [o] = await P; o.value.n += x; return o.value.n }',
  ],
  [
    'const P = Promise.reject({ n: 0 })\nconst Q = P.catch(() => 1)',
    'async (x) => { Q; try { await P } catch (o) { o.n += x; return o.n } }',
  ],
  [
    'const P = new Promise((_, no) => no({ n: 0 }))\nconst Q = P.catch(() => 1)',
    'async (x) => { Q; try { await P } catch (o) { o.n += x; return o.n } }',
  ],
  ['const t = { then(r) { r(s) } }\nconst s = []', 'async (x) => { (await t).push(x); return [...s] }'],
  ['const p = new Proxy(() => s, {})\nconst s = []', '(x) => { p().push(x); return [...s] }'],
  ['const p = new Proxy(() => 1, { apply: () => s })\nconst s = []', '(x) => { p().push(x); return [...s] }'],
  ['const p: any = new Proxy({ n: 0 }, { get(t: any) { return t.n++ } })', '() => p.a'],
  [
    'const p: any = new Proxy({ n: 0 }, { set(t: any, k, v) { t.n += v; return true } })\n',
    '(x) => { p.a = x; return p.n }',
  ],
  [
    'const t: any = {}\nconst p: any = new Proxy({}, { set(_, k, v) { v.n = (v.n ?? 0) + 1; return true } })',
    '(x) => { p.a = t; return t.n }',
  ],
  ['const p: any = new Proxy({}, { get: () => s })\nconst s = []', '(x) => { p.a.push(x); return [...s] }'],
  [
    'class K { constructor() { return new Proxy(this, { get: (t: any, k) => (t.n = (t.n ?? 0) + 1) }) } }\nconst k: any = new K()',
    '(x) => k.a',
  ],
  [
    'import { n, add } from "./m.ts"',
    '() => { add(); return n }',
    { 'm.ts': 'export let n = 0\nexport function add() { n++ }' },
  ],
  [
    'import { add } from "./m.ts"\nimport { n } from "./n.ts"',
    '() => { add(); return n }',
    { 'm.ts': 'export { add } from "./n.ts"', 'n.ts': 'export let n = 0\nexport const add = () => { n += 1 }' },
  ],
  [
    'import * as m from "./m.ts"',
    '(x) => { m.s.push(x); return [...m.s] }',
    { 'm.ts': 'export * from "./n.ts"', 'n.ts': 'export const s = []' },
  ],
  [
    'import * as m from "./m.ts"',
    '(x) => { m.inner.s.push(x); return [...m.inner.s] }',
    { 'm.ts': 'export * as inner from "./n.ts"', 'n.ts': 'export const s = []' },
  ],
  [
    'import * as m from "./m.ts"',
    '(x) => { const f = (q) => q.s; f(m).push(x); return [...m.s] }',
    { 'm.ts': 'export const s = []' },
  ],
  [
    'import * as m from "./m.ts"',
    '(x) => { Object.values(m).forEach((s) => s.push(x)); return [...m.s] }',
    { 'm.ts': 'export const s = []' },
  ],
  [
    'import * as m from "./m.ts"',
    '(x) => { const { s } = m; s.push(x); return [...s] }',
    { 'm.ts': 'export const s = []' },
  ],
  [
    'import * as m from "./m.ts"',
    '(x) => { const c = { ...m }; c.s.push(x); return [...c.s] }',
    { 'm.ts': 'export const s = []' },
  ],
  [
    'import * as m from "./m.ts"',
    '(x) => { for (const k in m) m[k].push(x); return [...m.s] }',
    { 'm.ts': 'export const s = []' },
  ],
  [
    'import * as m from "./m.ts"',
    '(x) => { const k = "s"; m[k].push(x); return [...m[k]] }',
    { 'm.ts': 'export const s = []' },
  ],
  [
    'import * as m from "./m.ts"',
    '(x) => Reflect.get(m, "add")()',
    { 'm.ts': 'let n = 0\nexport const add = () => n++' },
  ],
  ['import D from "./m.ts"', '(x) => { D.push(x); return [...D] }', { 'm.ts': 'export default []' }],
  ['import D from "./m.ts"', '(x) => D()', { 'm.ts': 'let n = 0\nexport default () => n++' }],
  ['import D from "./m.ts"', '(x) => D()', { 'm.ts': 'let n = 0\nexport default function () { return n++ }' }],
  [
    'import D from "./m.ts"',
    '(x) => new D().n',
    { 'm.ts': 'export default class { static c = 0; n = (this.constructor as any).c++ }' },
  ],
  [
    'import { default as d, named } from "./m.ts"',
    '(x) => { d.l.push(x); return [...named.l] }',
    { 'm.ts': 'export const named = { l: [] }\nexport { named as default }' },
  ],
  [
    '',
    'async (x) => { const { s } = await import("./m.ts"); s.push(x); return [...s] }',
    { 'm.ts': 'export const s = []' },
  ],
  ['', 'async (x) => (await import("./m.ts")).default.push(x)', { 'm.ts': 'export default []' }],
  [
    'const load = () => import("./m.ts")',
    'async (x) => load().then((m) => m.add())',
    { 'm.ts': 'let n = 0\nexport const add = () => n++' },
  ],
  [
    'const lazy = import("./m.ts")',
    'async (x) => (await lazy).add()',
    { 'm.ts': 'let n = 0\nexport const add = () => n++' },
  ],
  [
    'import { reg } from "./r.ts"\nimport "./fill.ts"',
    '(x) => reg.get("a")(x)',
    {
      'r.ts': 'export const reg = new Map()',
      'fill.ts': 'import { reg } from "./r.ts"\nlet n = 0\nreg.set("a", (x) => n += x)',
    },
  ],
  [
    'import { reg } from "./r.ts"\nimport "./fill.ts"',
    '(x) => reg.a(x)',
    {
      'r.ts': 'export const reg: any = {}',
      'fill.ts': 'import { reg } from "./r.ts"\nlet n = 0\nreg.a = (x) => n += x',
    },
  ],
  ['import "./fill.ts"', '(x) => globalThis.hook(x)', { 'fill.ts': 'let n = 0\nglobalThis.hook = (x) => n += x' }],
  [
    'import "./fill.ts"',
    '(x) => [3].hook(x)',
    { 'fill.ts': 'let n = 0\nArray.prototype.hook = function (x) { return n += x }' },
  ],
  [
    'import "./fill.ts"',
    '(x) => [3].map((x) => x).hook',
    {
      'fill.ts':
        'let n = 0\nObject.defineProperty(Array.prototype, "hook", { configurable: true, get() { return n++ } })',
    },
  ],
  [
    'import "./fill.ts"',
    '(x) => "a".hook(x)',
    { 'fill.ts': 'let n = 0\nString.prototype.hook = function (x) { return n += x }' },
  ],
  [
    'let n = 0\nasync function f() { for (;;) { await new Promise((r) => setTimeout(r, 1)); n++ } }\nf()',
    '(x) => n > 2',
  ],
  [
    'let n = 0\nPromise.resolve().then(function f() { n++; return new Promise((r) => setTimeout(r, 1)).then(f) })',
    '(x) => n > 2',
  ],
  [
    'let n = 0\nconst t = new EventTarget()\nt.addEventListener("a", { handleEvent() { n++ } })',
    '(x) => { t.dispatchEvent(new Event("a")); return n }',
  ],
  ['let n = 0\nconst s = AbortSignal.timeout(4)\ns.onabort = () => { n++ }', '(x) => n'],
  ['let n = 0\nprocess.nextTick(() => { n++ })\nsetTimeout(function f() { n++; setTimeout(f, 1) }, 1)', '(x) => n > 2'],
  ['let n = 0\nconst h = setInterval(() => { n++ }, 1)\nh.unref()', '(x) => n > 2'],
  [
    'import { setInterval as every } from "node:timers/promises"\nlet n = 0\n;(async () => { for await (const _ of every(1)) n++ })()',
    '(x) => n > 2',
  ],
  ['import { setInterval as every } from "node:timers"\nlet n = 0\nevery(() => { n++ }, 1)', '(x) => n > 2'],
  [
    'import "./fill.ts"',
    '(x) => [1, 2].join()',
    {
      'fill.ts':
        'let n = 0\nconst j = Array.prototype.join\nArray.prototype.join = function (...a) { return n++ + j.apply(this, a) }',
    },
  ],
  ['import "./fill.ts"', '(x) => Math.max(1, x)', { 'fill.ts': 'let n = 0\nMath.max = () => n++' }],
  [
    'import "./fill.ts"',
    '(x) => { const r = ({}).hook; return r }',
    {
      'fill.ts':
        'let n = 0\nObject.defineProperty(Object.prototype, "hook", { configurable: true, get() { return n++ } })',
    },
  ],
]

test.each(ROWS)(
  'a step is reported to change state of other modules, data and promises: %s; %s',
  async (top, body, more = {}) => {
    expect(await changes({ 'steps.ts': main(body, top), ...more })).not.toEqual([])
  },
)
