import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const AHEAD = `const ahead = 86_400_000, Real = Date
globalThis.Date = class extends Real {
  constructor(...given) { given.length > 0 ? super(...given) : super(Real.now() + ahead) }
  static now() { return Real.now() + ahead }
}
`

it('goes by what came later in the store after a clock was set back: for latest, gc and the age of checkpoints', async () => {
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
  expect(stderr).toContain(`! p/${early} is of a later time than now: the clock was set back`)
  const second = /completed {2}p\/(\S+)/.exec(stdout)![1]!
  expect(second > early).toBe(true)
  expect((await project.cairn('cat', 'p/latest/s/v')).stdout).toBe('2\n')
  expect((await project.cairn('cat', 'p/production/s/v')).stdout).toBe('2\n')

  expect((await project.cairn('why', 'p', 's', '--set', 's.n=1')).stdout).toContain(
    'its checkpoint is of a time that is yet to come: the clock was set back',
  )
  expect((await project.run('p', '--set', 's.n=1')).steps['s']!.how).toBe('computed')
  expect((await project.run('p', '--set', 's.n=1')).steps['s']!.how).toBe('reused')
  expect((await project.run('p', '--set', 's.n=2')).steps['s']!.how).toBe('reused')

  await project.cairn('gc', '--keep-runs', '1', '--keep', '1ms')
  expect((await project.cairn('cat', 'p/latest/s/v')).stdout).toBe('2\n')
  const left = JSON.parse((await project.cairn('runs', '--json')).stdout) as unknown[]
  expect(JSON.stringify(left)).not.toContain(second)
})
