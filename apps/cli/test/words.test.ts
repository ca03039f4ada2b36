import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const project = new CliProject({
  'p.pipeline.ts': `
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
export const one = step('one', { outputs: { n: json() }, run: () => ({ n: 1 }) })
export const small = pipeline('small', () => one({}))
`,
})

it('words that do not parse are an error like any other, with the help of their command', async () => {
  const errors = async (...words: string[]) => {
    const { code, stdout, stderr } = await project.cairn(...words)
    expect([code, stdout]).toEqual([1, ''])
    return stderr
  }
  expect(await errors('cancel', '--on', 'local')).toBe(
    "error  missing required argument 'run'\nnext   cairn cancel --help\n",
  )
  expect(await errors('run', '--fro', 'one')).toBe(
    "error  unknown option '--fro' (Did you mean --from?)\nnext   cairn run --help\n",
  )
  expect(await errors('rnu')).toMatch(/^error  unknown command 'rnu' \(Did you mean run\?\)\nnext   cairn .*--help\n$/)
  const { stdout } = await project.cairn('--json', 'cat')
  expect(JSON.parse(stdout)).toMatchObject({ error: { message: "missing required argument 'artifact'" } })
})

it.each([
  [['run', 'small', '--plan', 'latest', '--set', 'one.n=2'], '--set cannot be used with --plan'],
  [['run', 'small', '--plan', 'latest', '--force', 'one'], '--force cannot be used with --plan'],
  [['play', 'small', '--plan', '--matrix', 'one.n=1,2'], '--plan cannot be used with --matrix'],
])('%s is refused instead of ignoring an option', async (args, message) => {
  await project.run('small')
  const { code, stderr } = await project.cairn(...args)
  expect([code, stderr]).toEqual([1, expect.stringContaining(message)])
})

it.each(['small/', 'small//one', '/latest', 'small/latest//0'])('%s has an empty name', async (path) => {
  await project.run('small')
  const { code, stderr } = await project.cairn('show', path)
  expect(code).toBe(1)
  expect(stderr).toContain(`error  "${path}" has an empty name between its slashes`)
})

it('git ignores what Cairn keeps beside the code', async () => {
  await project.run('small')
  expect(existsSync(project.path('.cairn/store.json'))).toBe(true)
  expect(readFileSync(project.path('.cairn/.gitignore'), 'utf8')).toMatch(/^\*$/m)
})

it('status is of this machine, and sends elsewhere for another context', async () => {
  const { code, stderr } = await project.cairn('status', '--on', 'production')
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(
      /^error  cairn status shows the services on this machine, not those of context production\nnext   cairn doctor .*--on production\n$/,
    ),
  ])
})
