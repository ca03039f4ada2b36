import { afterAll, describe, expect, test } from 'vitest'
import { Cache } from '../cache.ts'
import { loadSources } from '../closures.ts'
import { lint as lintModules, refuseMisuses } from './lint.ts'
import { TemporaryProject } from '../project.fixture.ts'

afterAll(() => TemporaryProject.removeAll())

const STEPS = `import { step, pipeline } from '@cairn/kernel'
export const load = step('load', { outputs: {}, run: () => 1 })
export const train = step('train', { outputs: {}, run: () => 1 })
export const nested = pipeline('nested', () => train({}))
export const ordinary = (x?: unknown) => ({ rows: 1, x })`

async function lint(body: string, before = '') {
  const text = `import { pipeline, each, when as choose } from '@cairn/kernel'
import * as cairn from '@cairn/kernel'
import { load, train, nested, ordinary } from './steps.ts'
${before}
export const all = pipeline('all', ({ year, big }) => {
${body}
})
`
  const project = new TemporaryProject({ 'steps.ts': STEPS, 'pipeline.ts': text })
  const { modules, links } = await loadSources(project.path('pipeline.ts'), project.root, new Cache(undefined))
  return lintModules(modules, links)
}
const named = async (body: string, before?: string) => (await lint(body, before)).map(({ name }) => name)

describe('lint reports a handle', () => {
  test.each([
    ['in an if', 'const { model } = train({}); if (model) return {}', ['model']],
    ['behind !', 'const { model } = train({}); const none = !model', ['model']],
    ['in a conditional', 'const { model } = train({}); const x = model ? 1 : 2', ['model']],
    ['in && and || and ??', 'const { a, b, c } = train({}); a && 1; b || 1; c ?? 1', ['a', 'b', 'c']],
    ['in the middle of a condition', 'const { a, b } = train({}); if (a && b) return {}', ['a', 'b']],
    ['in a comparison', 'const { a } = train({}); a === 1; 2 < a', ['a', 'a']],
    ['in arithmetic', 'const n = year + 1', ['year']],
    ['in a template', 'const text = `${year}`', ['year']],
    ['in +=', 'let x = 1; x += year', ['year']],
    ['in a loop', 'while (big) {} ', ['big']],
    ['in a switch', 'switch (year) { case 1: }', ['year']],
    ['as a parameter of the run', 'if (big) return {}', ['big']],
    ['as a member of what a step gives', 'const made = train({}); if (made.model) return {}', ['made.model']],
    ['that was assigned', 'let model; ({ model } = train({})); if (model) return {}', ['model']],
    ['that was passed on', 'const { a } = train({}); const b = a; if (b) return {}', ['b']],
    ['of a pipeline that is used inside', 'const { model } = nested({}); if (model) return {}', ['model']],
    ['of when', 'const { m } = choose(big, () => train({}), () => load({})); if (m) return {}', ['m']],
    ['of each', 'const { m } = each(year, (item) => { if (item) return {}; return train({}) }); m + 1', ['item', 'm']],
    ['of each by namespace', 'cairn.each(year, (item) => ({ x: -item }))', ['item']],
    ['of a step that a factory made', 'const { a } = load({}); const { b } = ordinary({ a }); if (b) return {}', ['b']],
    ['inside an arm', 'choose(big, () => { if (year) return {}; return {} }, () => ({}))', ['year']],
    ['of a call that stands where it is looked at', 'const x = train({}).v ? load({}) : nested({})', ['train(…).v']],
    [
      'of such a call behind && and !',
      'train({}).v && load({}); if (!nested({}).v) return {}',
      ['train(…).v', 'nested(…).v'],
    ],
    ['before ?.', 'const { a } = train({}); a?.rows', ['a']],
    ['in typeof, in and instanceof', 'typeof year; "a" in big; year instanceof Date', ['year', 'big', 'year']],
    [
      'that is given to a global function',
      'Boolean(year); JSON.stringify(big); Object.keys(train({}).v)',
      ['year', 'big', 'train(…).v'],
    ],
    ['in a list that is filtered', 'const { a, b } = train({}); [a, b].filter(Boolean)', ['a', 'b']],
    ['that is spread', 'const { a } = train({}); load({ ...a }); [...a]', ['a', 'a']],
    ['that is gone through', 'for (const x of year) load({})', ['year']],
    ['whose method is called', 'year.toString()', ['year']],
    ['as a key', 'const x = { a: 1 }[year]', ['year']],
    ['inside a function of its own', 'const choose = (h) => (h ? 1 : 2); choose(year)', ['h']],
    ['inside a callback', '[year].map((h) => (h ? 1 : 2))', ['h']],
  ])('%s', async (_, body, expected) => {
    expect(await named(body)).toEqual(expected)
  })

  test('in a body that is declared separately', async () => {
    const before = `export const other = pipeline('other', { params: null }, body)\nfunction body({ n }) { return n ? {} : {} }`
    expect(await named('', before)).toEqual(['n'])
  })

  test('in a helper of another module, and in a body in that module', async () => {
    const steps = `export const choose = (what, h) => pick(h)\nfunction pick(h) { return h ? 1 : 2 }\nexport const body = ({ n }) => (n ? {} : {})`
    const pipeline = `import { pipeline } from '@cairn/kernel'\nimport { body, choose } from './help.ts'
export const a = pipeline('a', ({ year }) => ({ x: choose('x', year) }))\nexport const b = pipeline('b', body)`
    const project = new TemporaryProject({ 'help.ts': steps, 'pipeline.ts': pipeline })
    const { modules, links } = await loadSources(project.path('pipeline.ts'), project.root, new Cache(undefined))
    const found = (await lintModules(modules, links)).map(({ file, line, name }) => [file, line, name])
    expect(found).toEqual([
      ['help.ts', 2, 'h'],
      ['help.ts', 3, 'n'],
    ])
  })

  test('with its location and what to do', async () => {
    const [finding] = await lint('  if (year) return {}')
    expect(finding).toMatchObject({
      line: 6,
      column: 7,
      name: 'year',
      message: 'year has no value while the pipeline is being built: use when(condition, then, otherwise)',
    })
  })
})

test.each([
  ['ordinary values', 'const n = 1; if (n) return {}; const t = `${n + 1}`'],
  ['results of ordinary functions', 'const { rows } = ordinary(); if (rows) return {}'],
  ['wiring', 'const { a } = load({}, { year }); return train({ a }, { big, n: 1 })'],
  [
    'each and when',
    'const { a } = load({}); each(a, (item) => train({ item })); return choose(big, () => ({ a }), () => ({ a }))',
  ],
  ['a name that hides a handle', 'const f = (year) => year + 1; return f(1)'],
  ['records of handles', 'const made = train({}); const all = { ...made }; Object.entries(made); return made'],
  ['lists of handles', 'const { a, b } = load({}); return [a, b].map((x) => train({ x })).at(-1)'],
  ['handles that are returned', 'const { a, b } = load({}); return { a, b }'],
])('lint does not report %s', async (_, body) => {
  expect(await named(body)).toEqual([])
})

test('lint does not report code outside pipelines', async () => {
  expect(
    await named(
      '',
      `import { each as e } from 'elsewhere'\nconst { model } = train as any\nif (model) {}\nconst pipe = (f) => f({}); pipe(({ x }) => x + 1)`,
    ),
  ).toEqual([])
})

test('a project that misuses a handle is refused, also from the cache', async () => {
  const text = `import { pipeline } from '@cairn/kernel'\nexport const all = pipeline('all', ({ big }) => (big ? {} : {}))\n`
  const project = new TemporaryProject({ 'pipeline.ts': text })
  for (let times = 0; times < 2; times++) {
    const cache = new Cache(project.path('cache'))
    const { modules, links } = await loadSources(project.path('pipeline.ts'), project.root, cache)
    await expect(refuseMisuses(modules, links, cache)).rejects.toThrow(
      'pipeline.ts:2:50 big has no value while the pipeline is being built: use when(condition, then, otherwise)',
    )
    cache.save()
  }
})
