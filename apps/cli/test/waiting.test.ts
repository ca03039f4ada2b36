import { expect, it } from 'vitest'
import { CliProject, exit, printed } from './project.fixture.ts'

const project = new CliProject({
  'stuck.pipeline.ts': `import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Int = json<number>()
export const load = step('load', { outputs: { xs: list(Int) }, run: () => ({ xs: [1, 2, 3] }) })
export const wait = step('wait', {
  inputs: { x: Int },
  outputs: { y: Int },
  run: async ({ x }) => (x === 2 ? new Promise<{ y: number }>(() => setInterval(() => {}, 1_000)) : { y: x }),
})
export const bounded = step('bounded', { outputs: { y: Int }, timeout: '1h', run: () => new Promise<{ y: number }>(() => setInterval(() => {}, 1_000)) })
export const stuck = pipeline('stuck', () => {
  bounded({})
  each(load({}).xs, (x) => wait({ x }))
})
`,
})

it('names the run that computes the result it waits for', async () => {
  const shared = new CliProject({
    'held.pipeline.ts': `import { existsSync, writeFileSync } from 'node:fs'
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
export const hold = step('hold', {
  outputs: { n: json<number>() },
  acknowledge: ['files'],
  run: async () => {
    writeFileSync('begun', '')
    console.log('holding')
    while (!existsSync('go-on')) await new Promise((later) => setTimeout(later, 10))
    return { n: 1 }
  },
})
export const held = pipeline('held', () => hold({}))
`,
  })
  const first = shared.start('run', 'held')
  await printed(first, 'hold | holding')
  await expect.poll(() => shared.stored('local/held').filter((path) => path.includes('lease'))).toHaveLength(1)
  const second = shared.startWith({ CAIRN_STILL_WAITING: '0.2' }, 'run', 'held')
  await printed(second, 'hold | still waiting after 0.2 s: run held/')
  shared.write({ 'go-on': '' })
  expect(await Promise.all([exit(first), exit(second)])).toEqual([0, 0])
  const runs = JSON.parse((await shared.cairn('--json', 'runs')).stdout) as { computed: number; reused: number }[]
  expect(runs.map(({ computed, reused }) => [computed, reused])).toEqual([
    [0, 1],
    [1, 0],
  ])
})

it('names the item and run that are still running, and how to limit that, unless there is a timeout', async () => {
  const child = project.startWith({ CAIRN_STILL_WAITING: '0.5' }, 'run', 'stuck', '--jobs', '2')
  let told = ''
  child.stderr!.on('data', (data: Buffer) => (told += String(data)))
  await printed(child, 'after 2 s')
  child.kill('SIGINT')
  expect(await exit(child)).toBe(130)
  expect(told).not.toContain('bounded |')
  const lines = told.split('\n').filter((line) => line.startsWith('wait/1 | still running')) // another may be slow to start
  expect(lines.map((line) => line.replace(/stuck\/[\w-]+/, 'stuck/…'))).toEqual(
    ['0.5', '2'].map(
      (seconds) =>
        `wait/1 | still running after ${seconds} s in stuck/…; the step has no timeout. If it may hang, set one: timeout: "10m"`,
    ),
  )
  expect((await project.cairn('logs', 'stuck/latest/wait/1')).stdout).toContain('still running after 2 s')
  const wrong = await project.cairnWith({ CAIRN_STILL_WAITING: 'x' }, 'run', 'stuck')
  expect(wrong.stderr).toContain('CAIRN_STILL_WAITING must be a number of seconds above 0, not "x"')
})
