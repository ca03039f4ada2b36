import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const AHEAD = `const ahead = 86_400_000, Real = Date
globalThis.Date = class extends Real {
  constructor(...given) { given.length > 0 ? super(...given) : super(Real.now() + ahead) }
  static now() { return Real.now() + ahead }
}
`

it('uses the order in the store after a clock was set back: for latest, gc and the age of checkpoints', async () => {
  const project = new CliProject({
    'ahead.cjs': AHEAD,
    'p.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
export const s = step('s', {
  params: z.object({ n: z.number().default(0) }),
  outputs: { v: json<number>() },
  cache: { maxAge: '1h' },
  run: (_, { n }) => ({ v: n }),
})
export const p = pipeline('p', () => s({}))
`,
  })
  const ahead = await project.cairnWith(
    { NODE_OPTIONS: `--require=${project.path('ahead.cjs')}` },
    ...['run', '--set', 's.n=1'],
  )
  const early = /completed {2}p\/(\S+)/.exec(ahead.stdout)![1]!
  const { stderr, stdout } = await project.cairn('run', '--set', 's.n=2')
  expect(stderr).toContain(`! p/${early} is dated later than now: the clock was set back`)
  const second = /completed {2}p\/(\S+)/.exec(stdout)![1]!
  expect(second > early).toBe(true)
  expect((await project.cairn('cat', 'p/latest/s/v')).stdout).toBe('2\n')
  expect((await project.cairn('cat', 'p/production/s/v')).stdout).toBe('2\n')

  expect((await project.cairn('why', 'p', 's', '--set', 's.n=1')).stdout).toContain(
    'its checkpoint is dated in the future: check the clock of this machine',
  )
  expect((await project.run('p', '--set', 's.n=1')).steps['s']!.how).toBe('computed')
  expect((await project.run('p', '--set', 's.n=1')).steps['s']!.how).toBe('reused')
  expect((await project.run('p', '--set', 's.n=2')).steps['s']!.how).toBe('reused')

  await project.cairn('gc', '--keep-runs', '1', '--keep', '1ms')
  expect((await project.cairn('cat', 'p/latest/s/v')).stdout).toBe('2\n')
  const left = JSON.parse((await project.cairn('runs', '--json')).stdout) as unknown[]
  expect(JSON.stringify(left)).not.toContain(second)
})

it('shows a duration as unknown if the clock could not measure it, to people and programs', async () => {
  const project = new CliProject({
    // A day ahead until the step runs, which then sets it back.
    'jumps.cjs': AHEAD.replace(
      'const ahead = 86_400_000,',
      'const { existsSync } = require("fs"), day = 86_400_000,',
    ).replaceAll('Real.now() + ahead', 'Real.now() + (existsSync(__dirname + "/back") ? 0 : day)'),
    'p.pipeline.ts': `import { writeFileSync } from 'node:fs'
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
export const s = step('s', {
  outputs: { v: json<number>() },
  acknowledge: ['files'],
  run: () => (writeFileSync('back', ''), { v: 1 }),
})
export const p = pipeline('p', () => s({}))
`,
  })
  const jumping = { NODE_OPTIONS: `--require=${project.path('jumps.cjs')}` }
  expect((await project.cairnWith(jumping, 'run')).code).toBe(0)
  const runs = await project.cairn('runs')
  expect(runs.stdout).toMatch(/ completed .* unknown /)
  const [line] = JSON.parse((await project.cairn('--json', 'runs')).stdout) as object[]
  expect(line).toMatchObject({ status: 'completed', ms: null })
  expect((await project.cairn('show', 'p/latest')).stdout).not.toMatch(/ -\d/)
})
