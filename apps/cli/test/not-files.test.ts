import { execFileSync } from 'node:child_process'
import { symlinkSync, unlinkSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CAIRN, CliProject, NODE } from './project.fixture.ts'

const PIPELINE = `import { fromFile } from '@cairn/connectors'
import { pipeline, source } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
export const s = source('s', { params: z.object({ n: z.number().default(1) }), reads: { f: fromFile('in.txt') }, outputs: { v: json() }, run: (_, { n }) => ({ v: n }) })
export const main = pipeline('main', () => s({}))
`
const project = new CliProject({ 'main.pipeline.ts': PIPELINE, 'in.txt': 'x' })
const pipe = (name: string) => execFileSync('bash', ['-c', `mkfifo '${project.path(name)}'`])
const refused = async (what: string, ...args: string[]) => {
  const { code, stderr } = await project.cairn(...args)
  expect([code, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^error  .*${what}.*\\nnext   `))])
}

it('refuses a pipe or a device in place of a file by name, and never waits for one', async () => {
  await project.run('main')
  pipe('fifo')
  await refused('fifo cannot be read: it is a pipe', 'plan', '--params', 'fifo')
  await refused('/dev/zero cannot be read: it is a device', 'plan', '--params', '/dev/zero')
  await refused('nope.json cannot be read: it does not exist', 'plan', '--params', 'nope.json')
  await refused('fifo, the replacement of s, cannot be read: it is a pipe', 'play', '--swap', 's=fifo')
  await refused('nope.ts, the replacement of s, .* does not exist', 'play', '--swap', 's=nope.ts')
  unlinkSync(project.path('in.txt'))
  symlinkSync('/dev/zero', project.path('in.txt'))
  await refused('in.txt cannot be read: it is a device', 'plan')
  unlinkSync(project.path('in.txt'))
  pipe('in.txt')
  await refused('in.txt cannot be read: it is a pipe', 'plan')
  unlinkSync(project.path('in.txt'))
  project.write({ 'in.txt': 'x' })
  pipe('other.pipeline.ts')
  await refused('other.pipeline.ts, which .* lists under "pipelines", cannot be read: it is a pipe', 'plan')
  unlinkSync(project.path('other.pipeline.ts'))
  pipe('helper.ts')
  project.write({ 'main.pipeline.ts': `import './helper.ts'\n${PIPELINE}` })
  await refused('helper.ts cannot be imported: it is a pipe', 'plan')
  project.write({ 'main.pipeline.ts': PIPELINE })
})

it('reads parameters from a pipe', () => {
  const command = `'${NODE}' '${CAIRN}' --json plan --params <(echo '{ "s": { "n": 7 } }')`
  const out = execFileSync('bash', ['-c', command], { cwd: project.root, encoding: 'utf8' })
  const [{ reasons }] = (JSON.parse(out) as { steps: [{ reasons: unknown }] }).steps
  expect(reasons).toEqual([{ because: 'parameter', name: 'n', before: 1, after: 7 }])
})

it('names the broken link of a store', async () => {
  symlinkSync('nowhere', project.path('store'))
  for (const store of ['store', 'store/inner'])
    await refused('/store is a link to nowhere, which does not exist', 'run', '--store', store, '--progress', 'none')
})
