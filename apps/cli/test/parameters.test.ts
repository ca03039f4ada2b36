import { writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { readParams } from '../src/params-file.ts'
import { CliProject } from './project.fixture.ts'

const PIPELINE = `import { pipeline, step } from '@cairn/kernel'
import { metrics } from '@cairn/kinds'
import { z } from 'zod'
const params = z.object({
  text: z.string().default(''),
  maybe: z.string().nullable().default(null),
  count: z.number().default(0),
  whole: z.number().int().optional(),
  flag: z.boolean().default(false),
  kind: z.enum(['1', 'two']).default('1'),
  either: z.union([z.string(), z.number()]).default(0),
  list: z.array(z.string()).default(['x', 'y']),
  numbers: z.array(z.number()).default([]),
  deep: z.object({ a: z.object({ b: z.number() }), name: z.string() }).default({ a: { b: 0 }, name: 'n' }),
  map: z.record(z.string(), z.string()).default({}),
  day: z.iso.date().default('2020-01-01'),
  matrix: z.array(z.array(z.number())).default([]),
  epochs: z.number().int().default(1),
  seen: z.coerce.date().optional().transform((value) => value?.toISOString() ?? null),
  trimmed: z.string().transform((value) => value.trim()).default('t'),
})
export const s = step('s', { params, outputs: { out: metrics() }, run: () => ({ out: { n: 1 } }) })
export const main = pipeline('main', { params: z.object({ year: z.string().default('1999') }) }, () => s({}))
`

describe('parameters from the command line', () => {
  let project: CliProject
  beforeAll(() => {
    project = new CliProject({ 'main.pipeline.ts': PIPELINE })
  })
  const sets = (...texts: string[]) => texts.flatMap((text) => ['--set', text])
  const paramsOf = async (...args: string[]) => {
    const { run } = await project.run('main', ...args)
    const shown = JSON.parse((await project.cairn('--json', 'show', `main/${run}`)).stdout) as {
      plan: { params: object; nodes: { s: { params: object } } }
    }
    return { ...shown.plan.params, ...shown.plan.nodes.s.params }
  }

  it('are parsed by their schema, also inside nested values', async () => {
    const found = await paramsOf(
      ...sets('year=2001', 's.text=98101', 's.maybe=no', 's.count=1.5e3', 's.whole=1e3', 's.flag=true', 's.kind=1'),
      ...sets('s.either="5"', 's.list=a,7', 's.numbers=1,2e1', 's.deep.a.b=1', 's.map.k=5', 's.day=2024-02-29'),
      ...sets('s.seen=2024-01-01', 's.trimmed=12 '),
    )
    expect(found).toMatchObject({
      ...{ year: '2001', text: '98101', maybe: 'no', count: 1500, whole: 1000, flag: true, kind: '1', either: '5' },
      ...{ list: ['a', '7'], numbers: [1, 20], deep: { a: { b: 1 }, name: 'n' }, map: { k: '5' }, day: '2024-02-29' },
      ...{ seen: '2024-01-01T00:00:00.000Z', trimmed: '12' },
    })
    expect(await paramsOf(...sets('s.text="7"', 's.list.1=z', 's.list.2=w', 's.list.0="q"'))).toMatchObject({
      text: '7',
      list: ['q', 'z', 'w'],
    })
    expect(await paramsOf(...sets('s.list=', 's.text=true', 's.either="null"'))).toMatchObject({
      list: [],
      text: 'true',
      either: 'null',
    })
  })

  it('are read from a file: nested or dotted, with a byte order mark', async () => {
    project.write({
      'p.json':
        '\uFEFF{ "year": "2002", "s": { "text": "a", "deep": { "a": { "b": 2 }, "name": "m" } }, "s.list.0": "f" }',
    })
    expect(await paramsOf('--params', 'p.json', ...sets('s.deep.name=typed'))).toMatchObject({
      ...{ year: '2002', text: 'a', deep: { a: { b: 2 }, name: 'typed' }, list: ['f', 'y'] },
    })
  })

  it('are read from YAML 1.2, where no is text and numbers are exact', async () => {
    project.write({
      'p.yaml': `\uFEFF# parameters
year: "2002"
s:
  text: no
  maybe: ~
  count: 1.5e3
  whole: 0x10
  flag: true
  either: "5"
  list: [on, "7"]
  numbers: &n [1, .5, -0]
  deep:
    a: { b: 2 }
    name: |
      two
      lines
  map: { 1: x, yes: y }
  day: 2024-02-29
s.list.0: f
`,
    })
    expect(await paramsOf('--params', 'p.yaml')).toMatchObject({
      ...{ year: '2002', text: 'no', maybe: null, count: 1500, whole: 16, flag: true, either: '5', list: ['f', '7'] },
      ...{ numbers: [1, 0.5, -0], deep: { a: { b: 2 }, name: 'two\nlines\n' }, map: { 1: 'x', yes: 'y' } },
      ...{ day: '2024-02-29' },
    })
  })

  it('replace the whole value, whatever parts of it a file or an earlier change sets', async () => {
    project.write({ 'parts.json': '{ "s.list.0": "file", "s": { "deep": { "a": { "b": 3 }, "name": "file" } } }' })
    const list = await paramsOf('--params', 'parts.json', ...sets('s.list=a,b', 's.deep.name=typed'))
    expect(list).toMatchObject({ list: ['a', 'b'], deep: { a: { b: 3 }, name: 'typed' } })
    const lines = ['.set s.list.1=part', '.set s.list=c,d', '.plan', '.set s.list.0=e', '.plan']
    const { stdout } = await project.cairnTyping(lines, 'explore', 'main', '--base', 'latest')
    expect(stdout).toContain('params.list ["a","b"] -> ["c","d"]')
    expect(stdout).toContain('params.list ["a","b"] -> ["e","d"]')
    const typed = await project.cairn('plan', 'main', ...sets('s.list.0=part', 's.list=a,b'))
    expect(typed.stderr).toContain('--set s.list=a,b replaces the earlier --set s.list.0=part')
  })

  it('are refused from a file that is ambiguous or would lose something', async () => {
    const nested = (depth: number) => `a${depth}: &a${depth} [${`*a${depth - 1}, `.repeat(9)}]\n`
    const files: Readonly<Record<string, readonly [text: string | Buffer, message: string]>> = {
      'twice.json': ['{ "s": { "text": "a", "text": "b" } }', 'a key appears twice, at line 1, column 23'],
      'latin.json': [Buffer.from('{ "s": { "text": "caf\xe9" } }', 'latin1'), 'it is not UTF-8 text'],
      'twice.yaml': ['s: { text: a, "text": b }', 'Map keys must be unique at line 1, column 15'],
      'long.yaml': ['s: { count: 9007199254740993 }', '9007199254740993 cannot be stored exactly'],
      'hex.yaml': ['s: { count: 0x20000000000001 }', '9007199254740993 cannot be stored exactly'],
      'zeros.yaml': ['s: { count: 0123 }', '0123 means 123 here, but another number in YAML 1.1'],
      'inf.yaml': ['s: { count: .inf }', '.inf cannot be a parameter'],
      'old.yaml': ['%YAML 1.1\n---\ns: { flag: no }', '%YAML 1.1 is not supported'],
      'tag.yaml': ['s: { text: !!binary aGk= }', 'Unresolved tag'],
      'str.yaml': ['s: { text: !!str 5 }', 'tags such as !!str are not supported'],
      'set.yaml': ['s: !!map { text: a }', 'tags such as !!map are not supported'],
      'key.yaml': ['s: { !!str text: a }', 'tags such as !!str are not supported'],
      'plain.yaml': ['s: { text: ! 5 }', 'tags such as ! are not supported'],
      'merge.yaml': ['s: { map: { <<: { a: b } } }', 'YAML 1.2 has no merge key <<'],
      'itself.yaml': ['s: { list: &x [*x] }', 'the alias *x refers to a value that contains it'],
      'bomb.yaml': [`a0: &a0 [x]\n${[1, 2, 3, 4, 5, 6, 7, 8, 9].map(nested).join('')}`, 'more than 100000 values'],
      'two.yaml': ['s: { text: a }\n---\ns: { text: b }', 'it holds several documents'],
      'open.yaml': ['s: { text: a\n', 'at line 2, column 1'],
      'list.yaml': ['- a', 'it does not hold an object'],
    }
    for (const [file, [text, message]] of Object.entries(files)) {
      writeFileSync(project.path(file), text)
      expect(() => readParams(project.path(file)), file).toThrow(message)
    }
    const lossy = { 'both.json': 's.text is set twice: "a" and "b"', 'proto.json': 's.map has no field __proto__' }
    project.write({
      'both.json': '{ "s": { "text": "a" }, "s.text": "b" }',
      'proto.json': '{ "s": { "map": { "__proto__": "x" } } }',
    })
    for (const [file, message] of Object.entries({ ...lossy, 'twice.yaml': 'Map keys must be unique' })) {
      const { code, stderr } = await project.cairn('plan', 'main', '--params', file)
      expect([file, code, stderr]).toEqual([file, 1, expect.stringContaining(message)])
    }
  })

  it.each([
    ['s.either=5', 's.either=5 is ambiguous: "5" or 5'],
    ['s.maybe=null', 's.maybe=null is ambiguous: "null" or null'],
    ['s.count=9007199254740993', 'cannot be stored exactly'],
    ['s.count=abc', 'count'],
    ['s.count=', 'count'],
    ['s.kind=3', 'kind'],
    ['s.list.7=a', 'a list of 2'],
    ['s.text.a=1', 'which has no fields'],
    ['s.deep.c=1', 's.deep has no field c'],
    ['s.deep={"a":{"b":1,"z":2},"name":"x"}', 's.deep has no field a.z'],
    ['s.txt=1', 'did you mean "text"?'],
    ['z.text=1', 'main has no step "z"'],
    ['yaer=1', 'did you mean "year"?'],
    ['s.list="a,b",c', `a list that contains quotes must be JSON\nnext   write it as JSON: s.list='[…]'`],
    ['s.deep={"a":{"b":1},"a":{"b":2},"name":"x"}', 's.deep: a key appears twice, at line 1, column 14'],
    ['s.map={"k":"{","l":"a\\"k\\":","k":"b"}', 's.map: a key appears twice'],
    ['s.matrix=1,2', `a list of lists or objects must be JSON\nnext   write it as JSON: s.matrix='[…]'`],
    [
      's.epochs=3.5',
      'epochs: Invalid input: expected int, received number (it is 3.5)\nnext   set a valid value: --set s.epochs=…',
    ],
    [
      's.count=abc',
      'count: Invalid input: expected number, received string (it is "abc")\nnext   set a valid value: --set s.count=…',
    ],
    ['epochs=3', 'main has no parameter "epochs"\nnext   --set s.epochs=…'],
  ])('are refused by name if they do not fit: %s', async (set, message) => {
    const { code, stderr } = await project.cairn('plan', 'main', '--set', set)
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)])
    expect(stderr).not.toContain('    at ')
  })
})

it('sets an element of a list whose default is nested in an object with a default', async () => {
  const years = new CliProject({
    'years.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
const Inner = z.object({ years: z.array(z.int()).default([2001, 2002]), empty: z.array(z.string()).default([]) })
export const load = step('load', {
  params: z.object({
    range: Inner.prefault({}),
    outer: z.object({ inner: Inner.prefault({}), n: z.number().default(1) }).prefault({}),
    bare: z.object({ list: z.array(z.string()) }).optional(),
    maybe: z.array(z.int()).nullable().default([1, 2]),
  }),
  outputs: { got: json() },
  run: (_, params) => ({ got: params }),
})
export const years = pipeline('years', () => load({}))
`,
  })
  const set = ['range.years.0=1999', 'outer.inner.years.1=2010', 'outer.inner.empty.0=07', 'bare.list.0=a', 'maybe.1=7']
  const { steps } = await years.run('years', ...set.flatMap((one) => ['--set', `load.${one}`]))
  expect(JSON.parse(steps['load']!.outputs!['got']!.text!)).toEqual({
    range: { years: [1999, 2002], empty: [] },
    outer: { inner: { years: [2001, 2010], empty: ['07'] }, n: 1 },
    bare: { list: ['a'] },
    maybe: [1, 7],
  })
  const { stderr } = await years.cairn('run', 'years', '--set', 'load.range.years.5=1')
  expect(stderr).toContain('load.range.years is a list of 2 items and has no item "5"')
})
