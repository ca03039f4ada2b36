import { describe, expect, it } from 'vitest'
import { CliProject, type Files } from './project.fixture.ts'

const head = "import { pipeline, step } from '@cairn/kernel'\nimport { json } from '@cairn/kinds'\n"
const tail = "export const p = pipeline('p', () => s({}))\n"
const giving = (value: string) => `const s = step('s', { outputs: { v: json() }, run: () => ({ v: ${value} }) })\n`

const deep = (open: string, close: string) => `export const n = ${open.repeat(50_000)}1${close.repeat(50_000)}\n`

describe('a source that cannot be loaded is refused with file, line and fix', () => {
  const cases: [what: string, text: string, says: string | RegExp, files?: Files][] = [
    ['an enum', 'enum A { B }\n', 'p.pipeline.ts:1:1 uses an enum'],
    [
      'a parameter property',
      '\nclass A { constructor(private x: number) {} }\n',
      'p.pipeline.ts:2:23 uses a parameter property',
    ],
    ['a decorator in a helper', "import './d.ts'\n", 'd.ts:1:1 uses a decorator', { 'd.ts': '@dec class A {}\n' }],
    ['wrong syntax', 'const a = 1\nlet = }\n', 'p.pipeline.ts:2:7 syntax error'],
    ['a path of tsconfig', "import '@/a'\n", "p.pipeline.ts:1:1 imports '@/a', which cannot be found"],
    ['a file that is missing', "\n\nimport './a.ts'\n", "p.pipeline.ts:3:1 imports './a.ts', which does not exist"],
    [
      'a helper that throws',
      "import './t.ts'\n",
      't.ts:2 cannot be loaded: boo',
      { 't.ts': "\nthrow new Error('boo')\n" },
    ],
    ['arrays nested 50,000 deep', "import './n.ts'\n", 'n.ts:1 is nested too deeply', { 'n.ts': deep('[', ']') }],
    ['brackets nested 50,000 deep', "import './n.ts'\n", 'n.ts:1 is nested too deeply', { 'n.ts': deep('(', ')') }],
    [
      'functions nested 50,000 deep',
      "import './n.ts'\n",
      'n.ts:1 is nested too deeply',
      { 'n.ts': deep('() => ', '') },
    ],
    [
      'a thrown object without a text',
      "import './t.ts'\n",
      'p.pipeline.ts:1 cannot be loaded: { toString: 1 }',
      { 't.ts': 'throw { toString: 1 }\n' },
    ],
    ['an await without end', 'await new Promise(() => {})\n', 'awaits a promise at top level'],
  ]
  it.for(cases)('%s', async ([, text, says, files]) => {
    const project = new CliProject({ ...files, 'p.pipeline.ts': text + head + giving('1') + tail })
    const { code, stdout, stderr } = await project.cairn('--json', 'plan', 'p')
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; next: string } }
    expect(error).toMatchObject({ code: 'BAD_DEFINITION', message: expect.stringMatching(says) as string })
    expect(error.next).not.toBe('')
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(code).toBe(1)
  })

  it('a name that every JavaScript object has', async () => {
    const named = head + giving('1').replace("'s'", "'constructor'") + tail
    const { stdout } = await new CliProject({ 'p.pipeline.ts': named }).cairn('--json', 'plan', 'p')
    expect(stdout).toContain('the name of a step is not allowed: every JavaScript object already has \\"constructor\\"')
  })
})

it('refuses a step that reads the path of its source', async () => {
  const text = `${head}import { readFileSync } from 'node:fs'
const here = import.meta.dirname
export ${giving("readFileSync(here + process.env['NAME'], 'utf8')")}${tail}`
  const { stdout } = await new CliProject({ 'p.pipeline.ts': text, 'a.txt': 'a' }).cairn('--json', 'plan', 'p')
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: 'BAD_DEFINITION', message: expect.stringContaining('p.pipeline.ts:4 uses import.meta.dirname') },
  })
})

it('runs a source with a BOM, and one that imports JSON for a step without an export', async () => {
  const bom = new CliProject({ 'p.pipeline.ts': `\uFEFF${head}export ${giving('1')}${tail}` })
  expect(await bom.run('p')).toMatchObject({ status: 'completed', steps: { s: { outputs: { v: { text: '1' } } } } })
  bom.edit('p.pipeline.ts', 'v: 1', 'v: 2')
  expect(await bom.run('p')).toMatchObject({ steps: { s: { how: 'computed', outputs: { v: { text: '2' } } } } })

  const importing = `import d from './d.json' with { type: 'json' }\nconst f = () => 2\nconst g = Object.assign(f)()\n`
  const text = importing + head + giving('d.a + g') + `export default { s }\n${tail}`
  const project = new CliProject({ 'p.pipeline.ts': text, 'd.json': '\uFEFF{ "a": 1 }' })
  expect(await project.run('p')).toMatchObject({ status: 'completed', steps: { s: { outputs: { v: { text: '3' } } } } })
})

it('names the source file and line where a step failed, in a child process and in this one', async () => {
  const helper =
    '// one\n// two\nexport function clean(x: number): number {\n  if (x > 1) throw new Error(`no ${x}`)\n  return x\n}\n'
  const text = `${head}import { z } from 'zod'
import { clean } from './lib/clean.ts'
export const s = step('s', { params: z.object({ x: z.number() }), outputs: { v: json() }, run: (_, { x }) => ({ v: clean(x) }) })
export const p = pipeline('p', { params: z.object({ x: z.number() }) }, ({ x }) => s({}, { x }))
`
  const project = new CliProject({ 'p.pipeline.ts': text, 'lib/clean.ts': helper })
  const stackOf = async (x: number) => {
    const run = await project.run('p', '--set', `x=${x}`)
    const shown = await project.cairn('--json', 'show', `p/${run.run}/s`)
    return [run.steps['s'], shown.stdout].map((each) => JSON.stringify(each))
  }
  const [first, shown] = await stackOf(2)
  expect(first).toContain('lib/clean.ts:4:')
  expect(shown).toContain('lib/clean.ts:4:')
  for (const x of [0, 1]) await project.run('p', '--set', `x=${x}`)
  const [again] = await stackOf(3) // by now it is known to be short
  expect(again).toContain('lib/clean.ts:4:')
  expect(again).not.toMatch(/\.cairn|\.mjs|worker/)
})

it.each([
  ['{ "cairn": 5 }', '"cairn" must be an object'],
  ['{ "cairn": { "pipelines": 5 } }', '"pipelines" of "cairn" must be a list of files'],
  ['{ "cairn": { "pipelines": ["*.pipeline.ts", 1] } }', '"pipelines" of "cairn" must be a list of files'],
  ['{ "cairn": { "pipelines": [], "store": 1 } }', '"store" of "cairn" must be a folder'],
  ['{ "cairn": { "pipelines": [], "env": "a/b" } }', '"env" of "cairn" must be the name of an environment'],
  ['{ "cairn": { "pipelines": [], "adoption": 3 } }', '"adoption" of "cairn" is invalid'],
  [
    '{ "cairn": { "pipelines": [], "adoption": { "trusted": { "stage": "MCow" } } } }',
    'the key of "stage" in "adoption" is not a public key',
  ],
  ['{ "cairn": { "pipelines": [], "retension": {} } }', '"cairn" has no setting "retension"'],
  ['{', 'is not valid JSON'],
])('refuses a package.json of %s', async (text, says) => {
  const { stdout, code } = await new CliProject({ 'package.json': text }).cairn('--json', 'plan')
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; next: string } }
  expect(error).toMatchObject({ code: 'BAD_DEFINITION', message: expect.stringContaining(says) as string })
  expect(error.next).not.toBe('')
  expect(code).toBe(1)
})

it('reports unknown words as JSON if asked to, and escapes them for the terminal', async () => {
  const project = new CliProject({})
  const { stdout } = await project.cairn('--json', 'plan', '--no-such-option')
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'BAD_PARAMETER', next: expect.any(String) as string } })
  const { stderr } = await project.cairn('show', '\u001b[31mred')
  expect(stderr).toContain('\\u001b[31mred')
  expect(stderr).not.toContain('\u001b')
})

it.each(['5', '"x"', '[]', '{ n: 1 }'])('refuses %s as the schema of parameters', async (params) => {
  const named = head + giving('1') + tail.replace("'p', ", `'p', { params: ${params} as never }, `)
  const { stdout } = await new CliProject({ 'p.pipeline.ts': named }).cairn('--json', 'plan', 'p')
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: 'BAD_DEFINITION', message: expect.stringContaining('params') as string },
  })
})
