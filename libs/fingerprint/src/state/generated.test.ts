import fc from 'fast-check'
import { expect, test } from 'vitest'
import { main, project, written } from './step.fixture.ts'

const BODIES = Number(process.env.CAIRN_EDITS ?? 100)
const seed = process.env.CAIRN_SEED === undefined ? {} : { seed: Number(process.env.CAIRN_SEED) }

/** Code that creates an object with a list and a number `n`, and an expression that gives the object. */
const HOLDERS = [
  ['const held = { list: [0], n: 0 }', 'held'],
  ['const outer = { inner: { list: [0], n: 0 } }', 'outer.inner'],
  ['class Held { list = [0]; n = 0 }\nconst made = new Held()', 'made'],
  ['class Held { static list = [0]; static n = 0 }', 'Held'],
  ['const make = () => ({ list: [0], n: 0 })\nconst made = make()', 'made'],
  ['const make = () => ({ list: [0], n: 0 })', 'make()'],
  ['const make = () => { const kept = { list: [0], n: 0 }; return () => kept }\nconst get = make()', 'get()'],
  ['const all = new Map([["k", { list: [0], n: 0 }]])', 'all.get("k")'],
  ['const all = [{ list: [0], n: 0 }]', 'all.find((one) => one.list)'],
  ['const held = { list: [0], n: 0 }', '({ ...held })'],
  ['const held = { list: [0], n: 0 }', '({ ...held, list: [...held.list] })'],
  ['const held = { list: [0], n: 0 }', 'structuredClone(held)'],
  [
    'const base = { list: [0] }\nconst held = Object.create(base, { n: { value: 0, writable: true, configurable: true } })',
    'held',
  ],
  ['const fn = Object.assign(() => 1, { list: [0], n: 0 })', 'fn'],
  ['const kept = { list: [0], n: 0 }\nconst holder = { get it() { return kept } }', 'holder.it'],
] as const

/** How the body gets the object. */
const WAYS = [
  'const it = HELD',
  'const [it] = [HELD]',
  'const { a: it } = { a: HELD }',
  'const it = ((x) => x)(HELD)',
  'let it = { list: [0], n: 0 }; if (x > 0) it = HELD',
  'const it = [HELD].map((one) => one)[0]',
  'const it = [1].reduce((found) => found, HELD)',
  'const it = Object.values({ a: HELD })[0]',
  'const it = new (class { constructor(o) { this.o = o } get its() { return this.o } })(HELD).its',
  'const it = [...new Set([HELD])][0]',
  'const it = (function* () { yield HELD })().next().value',
  'let it; [HELD].forEach((one) => { it = one })',
  'const it = Object.assign({}, { a: HELD }).a',
  'const it = (() => { try { throw HELD } catch (caught) { return caught } })()',
  'const it = { list: [...HELD.list], n: HELD.n }',
] as const

const CHANGES = [
  'it.n += x',
  'it.list.push(x)',
  'it.list[0] += x',
  'it["list"].unshift(x)',
  'it.list = [...it.list, x]',
  'Object.assign(it, { n: it.n + x })',
  '[].push.call(it.list, x)',
  'Reflect.set(it, "n", it.n + x)',
  'it.list.length = 0; it.list[x] = x',
  'const add = (to) => { to.push(x) }; add(it.list)',
  'for (it.n of [it.n + x]);',
  '({ x: it.n } = { x: it.n + x })',
  '[it.n] = [it.n + x]',
  'it.list.splice(0, 0, x)',
  'Array.from([x], (y) => it.list.push(y))',
  'const change = function () { this.n += x }; change.call(it)',
  'const change = it.list.push.bind(it.list); change(x)',
  'delete it[x === 1 ? "n" : "list"]; it.list ??= []',
  'const seen = it.list.concat(x); seen.push(x)',
  'const sorted = it.list.toSorted(); sorted[0] = x',
] as const

const body = fc.tuple(fc.constantFrom(...HOLDERS), fc.constantFrom(...WAYS), fc.constantFrom(...CHANGES))

test('a body whose result depends on earlier calls is reported to change state', async () => {
  const counts = { bodies: 0, dependent: 0, 'pure, and said so': 0, 'pure, but said to change state': 0 }
  await fc.assert(
    fc.asyncProperty(body, async ([[top, held], way, change]) => {
      const text = `(x) => { ${way.replace('HELD', held).replace('HELD', held)}; ${change}; return [it.n, it.list] }`
      const entry = written(main(text, top))
      const { emit, manifest } = await project.closure('main', { entry })
      const emitted = entry.replace('.ts', '.mjs')
      project.write({ [emitted]: await emit() })
      const [one, other] = [await project.import(emitted), await project.import(emitted, '?another')]
      const among = [1, 2, 3].map((x) => JSON.stringify(one['run'](x)))
      const isDependent = among[2] !== JSON.stringify(other['run'](3))
      const isSeen = manifest.reaches.some(({ what }) => what === 'state')
      counts.bodies++
      if (isDependent) counts.dependent++
      else counts[isSeen ? 'pure, but said to change state' : 'pure, and said so']++
      expect(isSeen || !isDependent, `${top}\n${text}`).toBe(true)
    }),
    { numRuns: BODIES, ...seed },
  )
  console.info(counts)
  expect(counts.dependent).toBeGreaterThan(0)
  expect(counts['pure, and said so']).toBeGreaterThan(0)
})
