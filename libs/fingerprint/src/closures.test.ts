import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { TemporaryProject, type Files } from './project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

const INDEX = fileURLToPath(new URL('./index.ts', import.meta.url))

/** Imports the pipeline in a separate Node process, as a host does, and gets the closures of its steps. */
function run(files: Files, project = new TemporaryProject()) {
  project.write(files).write({
    'host.ts': `import { closures } from ${JSON.stringify(INDEX)}
import { all } from './pipeline.ts'
const steps = [...all.graph.nodes.values()].flatMap((node: any) => (node.type === 'step' ? [node.step] : []))
const set = await closures({ steps, entry: import.meta.dirname + '/pipeline.ts', root: import.meta.dirname })
const shown = async (closure: any) => closure && ('inline' in closure ? closure : { ...closure.manifest, code: await closure.emit() })
const found: any = {}
for (const step of steps) found[step.name] = { body: await shown(set.body(step)), fallback: await shown(set.fallback(step)) }
console.log(JSON.stringify(found))`,
  })
  return JSON.parse(project.node('host.ts')) as Record<string, { body: any; fallback: any }>
}

const json = `export const json: any = { name: 'json', version: 1, schema: null, encode() {}, decode() {} }`
const pipeline = (imports: string, ...calls: string[]) => `import { pipeline } from '@cairn/kernel'
${imports}
export const all = pipeline('all', () => { ${calls.map((call) => `${call}({})`).join('; ')}; return {} })`

describe('the closures of a pipeline', () => {
  test('are found by identity, whatever name a step is exported under', () => {
    const found = run({
      'json.ts': json,
      'pipeline.ts': pipeline(
        `import { one, two, three, four as fourth } from './index.ts'\nimport * as more from './more.ts'`,
        'one',
        'two',
        'three',
        'fourth',
        'more.five',
      ),
      'index.ts': `export * from './steps.ts'\nexport { default as three } from './three.ts'`,
      'steps.ts': `import { step as declare } from '@cairn/kernel'\nimport { json } from './json.ts'
export const one = declare('one', { outputs: { a: json }, run: () => ({ a: 1 }) })
const inner = declare('two', { outputs: { a: json }, run: () => ({ a: 2 }) })
export { inner as two }
export const again = one
export const four = declare('four', { outputs: { a: json }, run() { return { a: 4 } } })`,
      'three.ts': `import * as kernel from '@cairn/kernel'\nimport { json } from './json.ts'
export default kernel.step('three', { outputs: { a: json }, run: () => ({ a: 3 }) })`,
      'more.ts': `import { source } from '@cairn/kernel'\nimport { json } from './json.ts'
export const five = source('five', { reads: {}, outputs: { a: json }, async run() { return { a: 5 } } })`,
    })
    expect(Object.keys(found)).toEqual(['one', 'two', 'three', 'four', 'five'])
    for (const { body } of Object.values(found)) {
      expect(body.declarations).toHaveLength(2)
      expect(body.imports).toEqual({})
    }
  })

  test('of factories and non-literal definitions cover whole declarations', () => {
    const found = run({
      'json.ts': json,
      'pipeline.ts': pipeline(`import { a, b, c, d, e } from './steps.ts'`, 'a', 'b', 'c', 'd', 'e'),
      'steps.ts': `import { step } from '@cairn/kernel'\nimport { json } from './json.ts'
const make = (name: string, value: number) => step(name, { outputs: { a: json }, run: () => ({ a: value }) })
export const a = make('a', 1)
const shared = { outputs: { a: json } }
export const b = step('b', { ...shared, run: () => ({ a: 2 }) })
const options = { ...shared, run: () => ({ a: 3 }) }
export const c = step('c', options)
export const { d, list: [e] } = { d: make('d', 4), list: [make('e', 5)] }`,
    })
    for (const { body } of Object.values(found)) expect(body.imports).toEqual({ '@cairn/kernel': '.' })
    expect(new Set(Object.values(found).map(({ body }) => body.fingerprint)).size).toBe(5)
    expect(found.a!.body.code).toContain('a.definition.run(...given)')
  })

  test('are missing for a step without an export, with the reason', () => {
    const found = run({
      'json.ts': json,
      'pipeline.ts': pipeline(
        `import { step } from '@cairn/kernel'\nimport { json } from './json.ts'\nconst hidden = step('hidden', { outputs: { a: json }, catch: () => ({ a: 1 }), run: () => ({ a: 1 }) })`,
        'hidden',
      ),
    })
    expect(found.hidden!.body).toEqual({ inline: 'it is not exported by any module that pipeline.ts imports' })
    expect(found.hidden!.fallback).toEqual(found.hidden!.body)
  })

  test('of a step of a package consist of that package', () => {
    const project = new TemporaryProject({
      'node_modules/steps/package.json':
        '{ "name": "steps", "version": "1.2.0", "type": "module", "exports": { "./x": { "import": "./index.js" } } }',
      'node_modules/steps/index.js': `import { step } from '@cairn/kernel'
const json = { name: 'json', version: 1, schema: null, encode() {}, decode() {} }
export const ready = step('ready', { outputs: { a: json }, run: () => ({ a: 1 }), catch: () => ({ a: 2 }) })`,
    })
    const files = { 'pipeline.ts': pipeline(`import { ready } from 'steps/x'`, 'ready') }
    const { ready } = run(files, project)
    expect(ready!.body).toMatchObject({
      declarations: [],
      packages: [{ name: 'steps', version: '1.2.0', via: -1 }],
      imports: { 'steps/x': '.' },
    })
    expect(ready!.body.code).toContain(`import { ready } from "steps/x"`)
    expect(ready!.fallback.fingerprint).not.toBe(ready!.body.fingerprint)

    project.write({
      'node_modules/steps/package.json':
        '{ "name": "steps", "version": "1.3.0", "type": "module", "exports": { "./x": { "import": "./index.js" } } }',
    })
    expect(run(files, project).ready!.body.fingerprint).not.toBe(ready!.body.fingerprint)
  })
})

describe('a fallback', () => {
  const text = (body: string, fallback: string) => `import { step } from '@cairn/kernel'
export const main = step('main', { outputs: {}, run: () => ${body}, ${fallback} })`
  const project = (body: string, fallback: string) => new TemporaryProject(text(body, fallback))

  test('has its own fingerprint, independent of the body', async () => {
    const [a, b, c] = [project('1', 'catch: () => 1'), project('1', 'catch: () => 2'), project('2', 'catch: () => 1')]
    const of = (p: TemporaryProject, role: 'body' | 'fallback') => p.closure('main', { role })
    expect((await of(a, 'body')).fingerprint).toBe((await of(b, 'body')).fingerprint)
    expect((await of(a, 'fallback')).fingerprint).not.toBe((await of(b, 'fallback')).fingerprint)
    expect((await of(a, 'fallback')).fingerprint).toBe((await of(c, 'fallback')).fingerprint)
    expect((await of(a, 'fallback')).fingerprint).not.toBe((await of(a, 'body')).fingerprint)
  })

  test.each(['catch: () => 7', 'catch() { return 7 }', 'catch: function () { return this.timeout }, timeout: 7'])(
    'runs when emitted: %s',
    async (fallback) => {
      const p = project('1', fallback)
      p.write({ 'fallback.mjs': await (await p.closure('main', { role: 'fallback' })).emit() })
      expect((await p.import('fallback.mjs')).fallback()).toBe(7)
    },
  )
})

describe('the properties of a step may be', () => {
  test.each([
    ['arrow functions', 'run: () => f()'],
    ['methods', 'run() { return f() }'],
    ['asynchronous methods', 'async run() { return f() }'],
    ['shorthands', 'run'],
    ['in quotes', `'run': () => f()`],
    ['functions that ask for their definition', 'timeout: 2, run() { return this.timeout ? f() : 0 }'],
    ['arrows in functions that do', 'timeout: 2, run() { return (() => this.timeout ? f() : 0)() }'],
    ['computed', `['run']: () => f()`],
    ['accessors', 'get run() { return f }'],
    ['spread', '...{ run: f }'],
  ])('%s', async (_, property) => {
    const text = (value: number) => `import { step } from '@cairn/kernel'
const f = () => ${value}
const run = f
export const main = step('main', { outputs: {}, ${property} })`
    const project = new TemporaryProject(text(1))
    const before = await project.fingerprint()
    expect(await (await project.emitted()).run()).toBe(1)
    project.write(text(2))
    expect(await project.fingerprint()).not.toBe(before)
    expect(await (await project.emitted()).run()).toBe(2)
  })

  test("arguments of Cairn's functions, not of others with the same name", async () => {
    const text = (times: number) =>
      `import { step } from './mine.ts'\nexport const main = step('main', { outputs: {}, times: ${times}, run: () => 1 })`
    const mine = `import { step as make } from '@cairn/kernel'\nexport const step = (name: string, { times, ...rest }: any) => make(name, { ...rest, run: () => times })`
    const [a, b] = [
      new TemporaryProject({ 'steps.ts': text(1), 'mine.ts': mine }),
      new TemporaryProject({ 'steps.ts': text(2), 'mine.ts': mine }),
    ]
    expect(await a.fingerprint()).not.toBe(await b.fingerprint())
  })

  test('arguments of a Cairn function that another module re-exports', async () => {
    const text = (times: number) =>
      `import { step } from './cairn.ts'\nexport const main = step('main', { outputs: {}, timeout: ${times}, run: () => 1 })`
    const cairn = `export * from '@cairn/kernel'`
    const [a, b] = [
      new TemporaryProject({ 'steps.ts': text(1), 'cairn.ts': cairn }),
      new TemporaryProject({ 'steps.ts': text(2), 'cairn.ts': cairn }),
    ]
    expect(await a.fingerprint()).toBe(await b.fingerprint())
  })
})
