import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const project = new CliProject({
  'tell.pipeline.ts': `import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
const Int = json<number>()
export const numbers = step('numbers', { params: z.object({ all: z.array(z.number()) }), outputs: { all: list(Int) }, run: (_, { all }) => ({ all }) })
export const say = step('say', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => { console.log('item of ' + n); return { n } } })
export const sum = step('sum', { inputs: { all: list(Int) }, outputs: { n: Int }, cache: 'never', run: async ({ all }) => ({ n: (await all.all()).length }) })
export const tell = pipeline('tell', { params: z.object({ all: z.array(z.number()).default([1]) }) }, ({ all }) =>
  sum({ all: each(numbers({}, { all }).all, (n) => say({ n })).n }))
`,
  'again.pipeline.ts': `import { spawnSync } from 'node:child_process'
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
let attempts = 0
export const again = step('again', { outputs: { n: json<number>() }, retry: { times: 1, backoff: '1ms' }, memory: '500MB', run: () => {
  console.log('try')
  if (attempts++ === 0) throw new Error('not yet')
  return { n: 1 }
} })
export const dies = step('dies', { outputs: { n: json<number>() }, run: () => {
  setTimeout(() => { throw new Error('too late') })
  return new Promise<never>(() => {})
} })
export const child = step('child', { outputs: { n: json<number>() }, run: () => {
  spawnSync(process.execPath, ['-e', 'throw new Error("in a child")'], { stdio: 'inherit' })
  process.exit(1)
} })
export const other = pipeline('other', () => ({ a: again({}).n, b: dies({}).n, c: child({}).n }))
`,
})

it('names the runs that printed the lines of reused items, and asks for a missing pipeline', async () => {
  const runs: string[] = []
  for (const all of ['[1]', '[2]', '[2,1]'])
    runs.push((await project.run('tell', '--set', `all=${all}`)).run.split('/').at(-1)!)
  const [first, second, third] = runs
  const logs = async (path: string) => {
    const { stdout, stderr } = await project.cairn('logs', path)
    return stdout + stderr
  }
  expect(await logs(`tell/${third}/say`)).toBe(
    `say of tell/${third} was reused from 2 runs\nnext  cairn logs tell/${first}/say\n      cairn logs tell/${second}/say\n`,
  )
  expect(await logs(`tell/${third}/say/1`)).toBe(
    `say of tell/${third} was reused from another run\nnext  cairn logs tell/${first}/say/0\n`,
  )
  expect(await logs(`tell/${first}/say/0`)).toBe('item of 1\n')
  expect(await logs(`tell/${third}`)).toContain(
    `the steps of tell/${third} printed nothing; their results were reused from 2 runs\nnext  cairn logs tell/${first}\n      cairn logs tell/${second}\n`,
  )
  const { stderr, code } = await project.cairn('diff', first!, 'latest')
  expect([code, stderr]).toEqual([
    1,
    `error  "${first}" names a run without its pipeline\nnext   write tell/${first}\n`,
  ])
  expect((await project.cairn('diff', `tell/${first}`, 'latest')).stderr).toContain('next   write tell/latest')
}, 60_000)

it('labels the attempts of a step, and shows the error of a process that died instead of its exit code', async () => {
  const { steps } = await project.run('other')
  expect(steps['dies']?.error?.message).toMatch(/^[^\n]*: (Error: )?too late$/)
  expect(steps['child']?.error?.message).toBe('the process that ran child exited with code 1: Error: in a child')
  expect((await project.cairn('logs', 'other/latest/again')).stdout).toBe('attempt 1 | try\nattempt 2 | try\n')
}, 60_000)

it('shows what a step without an export prints, which runs in the process of the command line', async () => {
  const inline = new CliProject({
    'inline.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const load = step('load', { outputs: { n: json<number>() }, run: () => (console.log('loads'), { n: 1 }) })
export const inline = pipeline('inline', () => load({}))
`,
  })
  const { code, stderr } = await inline.cairn('run', 'inline', '--progress', 'plain')
  expect([code, stderr.match(/^load \| .*$/gm)]).toEqual([0, ['load | loads']])
  expect((await inline.cairn('logs', 'inline/latest')).stdout).toContain('loads')
})
