import { expect, test } from 'vitest'
import type { Files } from '../project.fixture.ts'
import { changes, main } from './step.fixture.ts'

const ROWS: readonly [top: string, body: string, more?: Files][] = [
  [
    'const b = new ArrayBuffer(8, { maxByteLength: 64 })',
    '(x) => { const l = b.byteLength; b.resize(8 + x); return l }',
  ],
  ['const b = new ArrayBuffer(8)', '(x) => { const l = b.byteLength; b.transfer(); return l }'],
  [
    'const b = new ArrayBuffer(8)',
    '(x) => { const l = b.byteLength; structuredClone(b, { transfer: [b] }); return l }',
  ],
  [
    'const b = new SharedArrayBuffer(8, { maxByteLength: 64 })',
    '(x) => { const l = b.byteLength; b.grow(8 + x); return l }',
  ],
  ['const b = Buffer.alloc(4)', '(x) => { const v = b.readInt32LE(0); b.writeInt32LE(x, 0); return v }'],
  ['const b = Buffer.alloc(4)', '(x) => { const v = b[0]; Buffer.from([x]).copy(b); return v }'],
  ['const b = Buffer.alloc(4)', '(x) => { const v = b[0]; b.slice(0, 1)[0] = x; return v }'],
  ['const b = Buffer.alloc(4)', '(x) => { const v = b[0]; b.subarray(0, 1).fill(x); return v }'],
  ['const b = Buffer.alloc(4)', '(x) => { const v = b[0]; Buffer.from(b.buffer)[b.byteOffset] = x; return v }'],
  ['const b = Buffer.from([1, 2, 3, 4])', '(x) => { b.swap16(); return b[0] }'],
  ['', '(x) => Buffer.from("abc" + x).byteOffset'],
  ['', '(x) => Buffer.allocUnsafe(16).byteOffset'],
  [
    '',
    '(x) => { const b = Buffer.from("abc" + x); return Buffer.from(b.buffer).toString("latin1").length + b.byteOffset }',
  ],
  ['const d = new Date(0)', '(x) => { const v = d.getTime(); d.setTime(x); return v }'],
  ['const d = new Date(0)', '(x) => { const v = +d; d.setYear(90 + x); return v }'],
  ['const r = /a/g', '(x) => { const v = r.lastIndex; r.lastIndex = x; return v }'],
  ['const r = /a/y', '(x) => "aaa".search(r) + String("aab".match(r))'],
  [
    'const r = /a/y',
    '(x) => "aaa".replaceAll === undefined ? 0 : "aaa".split(r).length + String(r.exec("aaaa") && r.lastIndex)',
  ],
  ['const r = new RegExp(/a/, "g")', '(x) => r.exec("aaaa").index'],
  ['const flags = "g"\nconst r = RegExp("a", flags)', '(x) => r.exec("aaaa").index'],
  ['const r = /a/\nr.compile("a", "g")', '(x) => r.exec("aaaa").index'],
  ['const r = /a/g', '(x) => RegExp.prototype.exec.call(r, "aaaa").index'],
  ['const r = /a/y', '(x) => r[Symbol.match]("aaaa") + r.lastIndex'],
  ['const r = /a/g\nconst test = r.test.bind(r)', '(x) => [test("ab")]'],
  ['const rs = { a: /a/g }', '(x) => Object.values(rs).map((r) => r.test("ab"))'],
  ['class R extends RegExp {}\nconst r = new R("a", "g")', '(x) => r.test("ab")'],
  ['', '(x) => { const v = RegExp.$1; /(.)/.exec("" + x); return v }'],
  ['', '(x) => { const v = (RegExp as any)["$_"]; "a".match(/(.)/); "b".replace(/b/, ""); return v }'],
  ['', '(x) => { const v = (Error as any).n; (Error as any).n = x; return v }'],
  ['', '(x) => { const v = Error.stackTraceLimit; Error.stackTraceLimit = x; return v }'],
  [
    '',
    '(x) => { const E: any = Error; const v = E.prepareStackTrace; E.prepareStackTrace = () => x; return String(v) }',
  ],
  ['', '(x) => { const v = process.exitCode; process.exitCode = 0; return v }'],
  ['', '(x) => { const v = process.title; process.title = "a" + x; return v }'],
  ['', '(x) => { const v = (Symbol as any).z; (Symbol as any).z = x; return v }'],
  ['', '(x) => { const v = (globalThis as any).zz; globalThis["zz"] = x; return v }'],
  ['', '(x) => { const k = "zz" + 1; const v = globalThis[k]; Reflect.set(globalThis, k, x); return v }'],
  ['', '(x) => { const P = Object.getPrototypeOf([]); const v = P.zz; P.zz = x; return v }'],
  ['', '(x) => { const P = [].__proto__; const v = P.zz2; P.zz2 = x; return v }'],
  ['', '(x) => { const P = ({}).constructor.prototype; const v = P.zz3; P.zz3 = x; const r = v; return r }'],
  ['', '(x) => { const P = "".constructor; const v = P.zz4; P.zz4 = x; return v }'],
  ['', '(x) => { const P = Object.getPrototypeOf(async function () {}); const v = P.zz5; P.zz5 = x; return v }'],
  ['', '(x) => { const P = Object.getPrototypeOf(function* () {}); const v = P.zz6; P.zz6 = x; return v }'],
  ['', '(x) => { const P = Reflect.getPrototypeOf(new Map()); const v = P.zz7; P.zz7 = x; return v }'],
  ['', '(x) => { const P = (1).constructor; const v = P.zz8; P.zz8 = x; return v }'],
  ['', '(x) => { const P = Object.prototype; const v = P.zz9; P.zz9 = x; delete P.zz8; return v }'],
  ['', '(x) => { const P = /a/.constructor; const v = P.zza; P.zza = x; return v }'],
  ['', '(x) => { const v = Intl.zzb; Intl.zzb = x; return v }'],
  ['', '(x) => { const { prototype } = Map; const v = prototype.zzc; prototype.zzc = x; return v }'],
  ['', '(x) => { const m = Math; const v = m.zzd; m.zzd = x; return v }'],
  ['', '(x) => { const [m] = [JSON]; const v = m.zze; m.zze = x; return v }'],
  ['', '(x) => { const f = (o) => { const v = o.zzf; o.zzf = x; return v }; return f(Promise) }'],
  [
    'const ev = new EventTarget()\nlet n = 0\nev.addEventListener("a", () => { n++ })',
    '() => { ev.dispatchEvent(new Event("a")); return n }',
  ],
  ['const ac = new AbortController()', '() => { const v = ac.signal.aborted; ac.abort(); return v }'],
  ['const h = new Headers()', '(x) => { const v = [...h].length; h.append("a" + x, "b"); return v }'],
  ['const u = new URL("http://a/b")', '(x) => { const v = u.href; u.pathname = "/" + x; return v }'],
  ['const u = new URL("http://a/b")', '(x) => { const v = u.href; u.searchParams.append("a", x); return v }'],
  [
    'const u = new URL("http://a/b")\nconst q = u.searchParams',
    '(x) => { const v = u.href; q.append("a", x); return v }',
  ],
  ['const ws = new WeakSet(), key = {}', '(x) => { const v = ws.has(key); ws.add(key); return v }'],
  [
    'const ws = new WeakMap(), key = {}',
    '(x) => { const v = ws.get(key)?.n; (ws.get(key) ?? ws.set(key, {}).get(key)).n = x; return v }',
  ],
  ['const m = new Map([["a", []]])', '(x) => { m.get("a").push(x); return [...m.get("a")] }'],
  ['const m = new Map([["a", []]])', '(x) => { const e = m.entries().next().value; e[1].push(x); return [...e[1]] }'],
  [
    'const m = new Map([["a", []]])',
    '(x) => { m.getOrInsertComputed?.("b", () => []); const [[, l]] = m; l.push(x); return [...l] }',
  ],
  [
    'const rs = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.enqueue(3) } })',
    'async () => { const r = rs.getReader(); const v = await r.read(); r.releaseLock(); return v }',
  ],
  ['const req = new Response("a")', 'async () => { try { return await req.text() } catch { return "used" } }'],
  [
    'const req = new Response("a")',
    'async () => { const v = req.bodyUsed; await req.text().catch(() => 1); return v }',
  ],
  [
    'const bytes = new Uint8Array([0,97,115,109,1,0,0,0,1,5,1,96,0,1,127,3,2,1,0,6,6,1,127,1,65,0,11,7,7,1,3,105,110,99,0,0,10,13,1,11,0,35,0,65,1,106,36,0,35,0,11])\nconst inst = new WebAssembly.Instance(new WebAssembly.Module(bytes))',
    '() => inst.exports.inc()',
  ],
  [
    'const mem = new WebAssembly.Memory({ initial: 1 })',
    '(x) => { const a = new Uint8Array(mem.buffer); const v = a[0]; a[0] = x; return v }',
  ],
  ['const mem = new WebAssembly.Memory({ initial: 1 })', '(x) => mem.grow(1)'],
  [
    'const g = new WebAssembly.Global({ value: "i32", mutable: true }, 0)',
    '(x) => { const v = g.value; g.value = x; return v }',
  ],
  ['const w = new WeakRef({ n: 0 })', '() => { const o = w.deref(); return o.n++ }'],
  ['const c = new Intl.Segmenter("en").segment("abc")[Symbol.iterator]()', '() => c.next().value?.segment'],
  [
    'import { createHash } from "node:crypto"\nconst h = createHash("sha1")',
    '(x) => { try { return h.digest("hex") } catch { return "used" } }',
  ],
  [
    'import { createHash } from "node:crypto"\nconst h = createHash("sha1")',
    '(x) => { h.update("a" + x); return h.copy().digest("hex") }',
  ],
  [
    'import { StringDecoder } from "node:string_decoder"\nconst d = new StringDecoder()',
    '(x) => d.write(Buffer.from([0xe2])) + d.write(Buffer.from([0x82]))',
  ],
  [
    'import { StringDecoder } from "node:string_decoder"\nconst d = new StringDecoder()\nd.write(Buffer.from([0xe2]))',
    '(x) => d.end()',
  ],
  [
    'import { EventEmitter } from "node:events"\nconst e = new EventEmitter()\nlet n = 0\ne.on("a", () => n++)',
    '() => { e.emit("a"); return n }',
  ],
  [
    'import { EventEmitter } from "node:events"\nconst e = new EventEmitter()',
    '() => { const v = e.listenerCount("a"); e.prependListener("a", () => 1); return v }',
  ],
  [
    'import { EventEmitter } from "node:events"\nconst e = new EventEmitter()',
    '() => { const v = e.getMaxListeners(); e.setMaxListeners(v + 1); return v }',
  ],
  [
    'import { EventEmitter } from "node:events"\nconst e = new EventEmitter()\ne.once("a", () => 1)',
    '() => e.emit("a")',
  ],
  [
    'import { EventEmitter } from "node:events"\nclass E extends EventEmitter { n = 0; hit() { this.emit("a"); return this.n } }\nconst e = new E()\ne.on("a", () => { e.n++ })',
    '() => e.hit()',
  ],
  [
    'import EventEmitter from "node:events"',
    '() => { const v = EventEmitter.defaultMaxListeners; EventEmitter.defaultMaxListeners = v + 1; return v }',
  ],
  [
    'import { AsyncLocalStorage } from "node:async_hooks"\nconst s = new AsyncLocalStorage()',
    '(x) => { const v = s.getStore(); s.enterWith(x); return v }',
  ],
  [
    'import { PassThrough } from "node:stream"\nconst p = new PassThrough()\np.write("abc")',
    '(x) => String(p.read(1))',
  ],
  [
    'import { PassThrough } from "node:stream"\nconst p = new PassThrough()',
    '(x) => { const v = p.destroyed; p.destroy(); return v }',
  ],
  [
    'import { Readable } from "node:stream"\nconst p = Readable.from([1, 2, 3])',
    'async (x) => { for await (const a of p) return a; return "none" }',
  ],
  [
    'import { inherits } from "node:util"\nfunction A() {}\nfunction B() {}\nB.prototype.f = () => 1',
    '(x) => { const v = typeof A.prototype.f; inherits(A, B); return v }',
  ],
  [
    'import util from "node:util"',
    '(x) => { const v = util.inspect.defaultOptions.depth; util.inspect.defaultOptions.depth = x; return v }',
  ],
  [
    'import { inspect } from "node:util"',
    '(x) => { const v = inspect.defaultOptions.depth; inspect.defaultOptions.depth = x; return v }',
  ],
  [
    'import { channel } from "node:diagnostics_channel"\nlet n = 0\nconst c = channel("a")\nc.subscribe(() => { n++ })',
    '(x) => { c.publish(1); return n }',
  ],
  [
    'import { createHistogram } from "node:perf_hooks"\nconst h = createHistogram()',
    '(x) => { h.record(x); return h.count }',
  ],
  ['import vm from "node:vm"\nconst c = vm.createContext({ n: 0 })', '(x) => vm.runInContext("n++", c)'],
  [
    'import { randomFillSync } from "node:crypto"\nconst b = new Uint8Array(4)',
    '(x) => { const v = b[0] === 0 && b[1] === 0 && b[2] === 0; randomFillSync(b); return v }',
  ],
  ['import { mock } from "node:test"\nconst f = mock.fn()', '(x) => { f(x); return f.mock.callCount() }'],
  ['import * as fs from "node:path"', '(x) => { const p: any = fs.default; const v = p.zz; p.zz = x; return v }'],
  ['import path from "node:path"', '(x) => { const p: any = path; const v = p.zz; p.zz = x; return v }'],
  [
    'import { promisify, callbackify } from "node:util"\nlet n = 0\nconst f = promisify((cb) => cb(null, n++))',
    'async (x) => f()',
  ],
  [
    'import { setTimeout as wait } from "node:timers/promises"\nlet n = 0',
    'async (x) => { await wait(0).then(() => n++); return n }',
  ],
  ['import { setTimeout } from "node:timers"\nlet n = 0', '(x) => { setTimeout(() => { n++ }, 0); return n }'],
  [
    'import { setImmediate } from "node:timers"\nlet n = 0\nsetImmediate(function f() { n++; setImmediate(f) })',
    '(x) => n > 3',
  ],
  [
    'import { createInterface } from "node:readline"\nimport { Readable } from "node:stream"\nconst r = createInterface({ input: Readable.from(["a\\n", "b\\n"]) })[Symbol.asyncIterator]()',
    'async (x) => (await r.next()).value',
  ],
]

test.each(ROWS)('a step is reported to change the state of built-in objects: %s; %s', async (top, body, more = {}) => {
  expect(await changes({ 'steps.ts': main(body, top), ...more })).not.toEqual([])
})
