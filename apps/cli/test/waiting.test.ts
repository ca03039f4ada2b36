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

it('says which item of which run it still waits for, and how to bound that; not where there is a time-out', async () => {
  const child = project.startWith({ CAIRN_STILL_WAITING: '0.5' }, 'run', 'stuck', '--jobs', '2')
  let told = ''
  child.stderr!.on('data', (data: Buffer) => (told += String(data)))
  await printed(child, 'after 2 s')
  child.kill('SIGINT')
  expect(await exit(child)).toBe(130)
  expect(told).not.toContain('bounded |')
  const lines = told.split('\n').filter((line) => line.startsWith('wait/1 | still at work')) // another may be slow to start
  expect(lines.map((line) => line.replace(/stuck\/[\w-]+/, 'stuck/…'))).toEqual(
    ['0.5', '2'].map(
      (seconds) =>
        `wait/1 | still at work after ${seconds} s, in stuck/…; nothing would end it: where it may wait for ever, give the step a timeout: "10m"`,
    ),
  )
  expect((await project.cairn('logs', 'stuck/latest/wait/1')).stdout).toContain('still at work after 2 s')
  const wrong = await project.cairnWith({ CAIRN_STILL_WAITING: 'x' }, 'run', 'stuck')
  expect(wrong.stderr).toContain('CAIRN_STILL_WAITING is "x", no number of seconds')
})
