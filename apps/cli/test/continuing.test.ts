import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { CAIRN, CliProject, exit, NODE, printed } from './project.fixture.ts'

/** One step fails until a file is there; another goes on until one is. */
const project = new CliProject({
  'odd.pipeline.ts': `import { existsSync } from 'node:fs'
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
const Text = json<string>()
export const load = step('load', { outputs: { text: Text }, run: () => ({ text: 'loaded' }) })
export const pick = step('pick', {
  inputs: { text: Text },
  params: z.object({
    words: z.string().default(''),
    list: z.array(z.number()).default([]),
    flag: z.boolean().default(false),
    like: z.string().default(''),
    waits: z.boolean().default(false),
  }),
  outputs: { text: Text },
  acknowledge: ['files'],
  run: async ({ text }, { waits, ...params }) => {
    while (waits) await new Promise((done) => setTimeout(done, 10))
    if (!existsSync('mended')) throw new Error('not mended')
    return { text: text + JSON.stringify(params) }
  },
})
export const end = step('end', { inputs: { text: Text }, outputs: { text: Text }, run: ({ text }) => ({ text }) })
export const odd = pipeline('odd', () => end(pick(load({}))))
`,
  'odd.json': JSON.stringify({ pick: { words: "it's a word; or two", list: [1, 2], like: 'true' } }),
})
/** The commands that a text offers next. */
const offered = (text: string) => {
  const lines = text
    .slice(text.lastIndexOf('\nnext ') + 1)
    .trim()
    .split('\n')
  return lines.map((line) => line.replace(/^(next)? +/, ''))
}
const said = async (...args: string[]) => (await project.cairn(...args, '--progress', 'none')).stdout
const shown = async (path: string) => (await project.cairn('show', path)).stdout

it('run and show print the same command to continue a failed run, with the options of that run', async () => {
  const ways = [
    ['--params', 'odd.json', '--set', 'pick.flag=true'],
    ['--set', 'pick.words=plain', '--from', 'pick', '--until', 'pick'],
  ]
  const [whole, part] = [await said('run', 'odd', ...ways[0]!), await said('run', 'odd', ...ways[1]!)]
  const [run] = /odd\/(\S+)/.exec(whole)!.slice(1)
  expect(offered(await shown('odd/latest'))).toEqual(offered(part))
  expect(offered(await shown(`odd/${run}`))).toEqual(offered(whole))
  expect(offered(part)[1]).toBe(
    `cairn run odd --set pick.words=plain --from pick --base ${run} --until pick   to continue: finished steps are reused`,
  )
  project.write({ mended: '' })
  const [, command] = /^cairn (.*) {3}to continue/.exec(offered(whole)[1]!)!
  const { FORCE_COLOR: _, ...env } = process.env
  const told = execFileSync('sh', ['-c', `'${NODE}' '${CAIRN}' --json ${command}`], { cwd: project.root, env })
  const { status, steps } = JSON.parse(String(told)) as { status: string; steps: Record<string, { how: string }> }
  expect([status, steps['load']!.how, steps['pick']!.how]).toEqual(['completed', 'reused', 'computed'])
  const params = { words: "it's a word; or two", list: [1, 2], flag: true, like: 'true' }
  const text = JSON.parse((await project.cairn('cat', 'odd/latest/end')).stdout) as string
  expect(JSON.parse(text.replace('loaded', ''))).toEqual(params)
})

it('offers no command to continue a run that is in progress or only planned', async () => {
  const { stdout } = await project.cairn('--json', 'plan', 'odd', '--save')
  const { run: planned } = JSON.parse(stdout) as { run: string }
  expect(offered(await shown(`odd/${planned}`))).toEqual([`cairn run odd --plan ${planned}`])

  const going = project.start('run', 'odd', '--set', 'pick.waits=true', '--progress', 'plain')
  await printed(going, 'pick  running')
  const [run] = /odd\/(\S+)/.exec(await shown('odd/latest'))!.slice(1)
  expect(offered(await shown('odd/latest'))).toEqual([`cairn logs odd/${run} --follow`])
  const ended = exit(going)
  going.kill('SIGINT')
  await ended
  expect(offered(await shown('odd/latest'))[1]).toBe(
    'cairn run odd --set pick.waits=true   to continue: finished steps are reused',
  )
})
