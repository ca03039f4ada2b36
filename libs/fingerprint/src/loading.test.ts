import { afterAll, expect, test } from 'vitest'
import { TemporaryProject } from './project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

const main = (top: string, body: string) =>
  `import { step } from '@cairn/kernel'\n${top}\nexport const main = step('main', { outputs: {}, run: ${body} })\n`
const other = 'let n = 0\nexport const next = { get value() { return ++n } }'

const CASES: readonly (readonly [top: string, body: string])[] = [
  ['let n = 0\nconst o = { get next() { return ++n } }\no.next', '() => n'],
  ['let n = 0\nconst o = { get next() { return ++n } }\nconst a = o.next', '() => n'],
  ['let n = 0\nconst o = { get next() { return ++n } }\nconst a = o.next\nconst b = o.next', '() => b'],
  ['let n = 0\nconst o = { get next() { return ++n } }\nexport const a = o.next\nexport const b = o.next', '() => b'],
  [
    'class Ids { #n = 0; get next() { return ++this.#n } }\nconst ids = new Ids()\nconst a = ids.next\nconst b = ids.next',
    '() => b',
  ],
  [
    'class Ids { static n = 0; static get next() { return ++this.n } }\nconst a = Ids.next\nconst b = Ids.next',
    '() => b',
  ],
  ['let n = 0\nconst o = { get next() { return ++n } }\nconst { next: a } = o\nconst { next: b } = o', '() => b'],
  ['let n = 0\nconst o = { get next() { return ++n } }\nconst a = { ...o }\nconst b = { ...o }', '() => b'],
  [
    'let n = 0\nconst o = { get next() { return ++n } }\nconst a = Object.values(o)\nconst b = Object.values(o)',
    '() => b',
  ],
  [
    'let n = 0\nconst o = { get next() { return ++n } }\nconst a = JSON.stringify(o)\nconst b = JSON.stringify(o)',
    '() => b',
  ],
  ['let n = 0\nconst o = { toString() { return String(++n) } }\nconst a = `${o}`\nconst b = `${o}`', '() => b'],
  ['let n = 0\nconst o = { valueOf() { return ++n } }\nconst a = +o\nconst b = +o', '() => b'],
  ['let n = 0\nconst o = { valueOf() { return ++n } }\nconst a = o + 1\nconst b = o + 1', '() => b'],
  [
    'let n = 0\nconst o: any = {}\nObject.defineProperty(o, "next", { get: () => ++n })\nconst a = o.next\nconst b = o.next',
    '() => b',
  ],
  ['let n = 0\nconst o: any = new Proxy({}, { get: () => ++n })\nconst a = o.next\nconst b = o.next', '() => b'],
  ['let n = 0\nconst o: any = new Proxy({}, { has: () => { n++; return true } })\nconst a = "x" in o', '() => n'],
  ['let n = 0\nclass C { static [Symbol.hasInstance]() { n++; return true } }\nconst a = ({}) instanceof C', '() => n'],
  ['const it = [1, 2, 3].values()\nconst [a] = it\nconst [b] = it', '() => b'],
  ['const it = [1, 2, 3].values()\nconst a = it.next().value\nconst b = it.next().value', '() => b'],
  ['const it = [1, 2, 3].values()\nconst a = Array.from(it.take(1))\nconst b = [...it]', '() => b'],
  ['function* g() { yield 1; yield 2; yield 3 }\nconst it = g()\nconst [a] = it\nconst b = [...it]', '() => b'],
  ['const it = [1, 2, 3].values()\nconst a = [...it]\nconst b = [...it]', '() => b'],
  ['const it = [1, 2, 3].values()\nconst a = new Set(it)\nconst b = [...it]', '() => b'],
  ['const it = [1, 2, 3].values()\nconst a = Math.max(...it)\nconst b = [...it]', '() => b'],
  ['let n = 0\nconst o = { *[Symbol.iterator]() { yield ++n } }\nconst a = [...o]\nconst b = [...o]', '() => b'],
  ['let n = 0\nconst t = { then(r) { r(++n) } }\nconst a = await t\nconst b = await t', '() => b'],
  ['const re = /a/g\nconst a = re.test("aaa")\nconst b = re.exec("aaa")!.index', '() => b'],
  ['let n = 0\nconst o = { get a() { n++; return { get b() { n++; return 1 } } } }\nconst v = o.a.b', '() => n'],
  ['import { next } from "./c.ts"\nconst a = next.value\nconst b = next.value', '() => b'],
  [
    'let n = 0\nconst f = (q) => q.next\nconst o = { get next() { return ++n } }\nconst a = f(o)\nconst b = f(o)',
    '() => b',
  ],
  ['let n = 0\nconst o = { get next() { return ++n } }\nclass K { static a = o.next }\nconst b = o.next', '() => b'],
  ['let n = 0\nconst o = { get next() { return ++n } }\nconst k = { [o.next]: 1 }\nconst b = o.next', '() => b'],
  ['let n = 0\nconst o = { get next() { return ++n } }\nconst a = [o.next, o.next]\nconst b = o.next', '() => b'],
  ['let n = 0\nconst o = { get next() { return ++n } }\nif (o.next > 5) throw 1\nconst b = o.next', '() => b'],
  ['let n = 0\nconst o = { get next() { return ++n } }\nfor (const k in o) o[k]\nconst b = o.next', '() => b'],
  ['let n = 0\nconst o = { get next() { return ++n } }\nObject.assign({}, o)\nconst b = o.next', '() => b'],
  ['let n = 0\nconst o = { toJSON() { return ++n } }\nJSON.stringify([o])\nconst b = n', '() => b'],
  [
    'let n = 0\nclass C { get next() { return ++n } }\nclass D extends C { static a = new D().next }\nconst b = n',
    '() => b',
  ],
  ['let n = 0\nconst o = { get [Symbol.toStringTag]() { return "a" + ++n } }\nString(o)\nconst b = n', '() => b'],
  ['const log = []\nconst o = { set v(x) { log.push(x) } }\no.v = 1\n;[o.v] = [2]', '() => log'],
  ['let n = 0\nconst o = { get next() { return ++n } }\nexport default o.next\nconst b = o.next', '() => b'],
]

test.each(CASES)('an emitted closure keeps state that loading changes without a call: %s; %s', async (top, body) => {
  const project = new TemporaryProject({ 'steps.ts': main(top, body), 'c.ts': other })
  const original = (await project.import('steps.ts'))['main'].definition
  expect((await project.emitted())['run']()).toEqual(original.run())
})

test('a getter that is read while a module loads is included only if what it changes is used', async () => {
  const top = 'let n = 0\nconst ids = { get next() { return ++n } }\nconst a = ids.next\nconst b = ids.next'
  const fingerprint = (text: string, body: string) => new TemporaryProject(main(text, body)).fingerprint()
  const without = top.replace('const a = ids.next\n', '')
  expect(await fingerprint(top, '() => b')).not.toBe(await fingerprint(without, '() => b'))
  expect(await fingerprint(`${top}\nconst c = 1`, '() => c')).toBe(
    await fingerprint(`${without}\nconst c = 1`, '() => c'),
  )
})
