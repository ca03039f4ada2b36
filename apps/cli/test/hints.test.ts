import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const STEPS = `import { list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Int = json<number>()
export const load = step('load', { outputs: { xs: list(Int) }, run: () => ({ xs: [1, 2] }) })
export const fail = step('fail', { inputs: { xs: list(Int) }, outputs: { n: Int }, run: (): { n: number } => { throw new Error('no') } })
export const works = pipeline('works', () => fail(load({})))
`
const looking = (look: string) => `import { pipeline } from '@cairn/kernel'
import { load } from './works.pipeline.ts'
export const looks = pipeline('looks', () => {
  const { xs } = load({}) as any
  ${look}
  return { xs }
})
`

it.each([
  ['xs.map((x: number) => x)', 'load.xs has no map', 'each(list, (item) => …)'],
  ['if (xs.length > 3) load({})', 'load.xs has no length', 'each(list, (item) => …)'],
  ['for (const x of xs) load(x)', 'load.xs has no Symbol(Symbol.iterator)', 'each(list, (item) => …)'],
  ['const first = xs[0]', 'load.xs has no 0', 'each(list, (item) => …)'],
  ['xs.total + 1', 'load.xs has no total', 'use the value inside a step'],
  ['String(null as any as Date).x.y', 'cannot be built: ', 'fix that line'],
])('explains %s in a pipeline: what a handle is and what to write, with file and line', async (look, message, next) => {
  const project = new CliProject({ 'works.pipeline.ts': STEPS, 'looks.pipeline.ts': looking(look) })
  const { code, stderr } = await project.cairn('plan', 'looks')
  expect(code).toBe(1)
  expect(stderr).toContain(`looks.pipeline.ts:5 ${message}`)
  expect(stderr).toContain(next)
  expect(stderr).not.toMatch(/^\s+at /m)
  expect((await project.cairn('plan', 'works')).code).toBe(0)
})

it('repeats the given project, store and playground in the next command', async () => {
  const project = new CliProject({ 'works.pipeline.ts': STEPS })
  const store = ['--store', project.path('my store')]
  const given = `--store '${project.path('my store')}'`
  expect((await project.cairn('runs', ...store)).stdout).toContain(`next  cairn run ${given}`)
  expect((await project.cairn('plan', 'works', ...store)).stdout).toContain(`next  cairn run ${given} works`)
  const run = await project.cairn('run', 'works', ...store)
  expect(run.stdout).toMatch(new RegExp(`next {2}cairn show ${given} works/\\S+/fail\n +cairn run ${given} works`))
  const missing = await project.cairn('--json', 'cat', 'works/latest/fail', ...store)
  expect(JSON.parse(missing.stdout)).toMatchObject({ error: { next: expect.stringContaining(`cairn show ${given} `) } })
  const there = await project.cairn('runs', 'works', '-C', project.root, '--store', project.path('other'))
  expect(there.stdout).toContain(`cairn run -C ${project.root} --store ${project.path('other')} works`)
})

it('names a path that cannot be written, why, and what to do', async () => {
  const project = new CliProject({ 'works.pipeline.ts': STEPS, file: '', 'folder/file': '' })
  await project.cairn('run', 'works')
  for (const [args, message] of [
    [['cat', 'works/latest/load', '-o', 'file/inside'], 'part of the path is a file, not a folder (ENOTDIR)'],
    [['cat', 'works/latest/load', '-o', 'folder'], 'it is a folder, not a file (EISDIR)'],
    [['cat', 'works/latest/load', '-o', 'n'.repeat(300)], 'the name is too long (ENAMETOOLONG)'],
    [['run', 'works', '--until', 'load', '--out', 'file'], 'it already exists (EEXIST)'],
  ] as const) {
    const { code, stdout, stderr } = await project.cairn('--json', ...args)
    expect(code, stderr).toBe(1)
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; next: string } }
    expect(error.code).toBe('STORE_FAILED')
    expect(error.message).toContain(message)
    expect(error.next).not.toBe('')
  }
})
