import { renameSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CliProject, how } from './project.fixture.ts'

/** A step that fails where its helper says, with a helper of its own: equal code, whatever it is called. */
const failing = (name: string) => `function check${name}(n: number): number {
  if (n > 0) throw new RangeError('too large')
  return n
}
export const ${name} = step('${name}', {
  outputs: { n: Int },
  run: () => ({ n: check${name}(1) }),
})
`
const HEAD = `import { step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Int = json<number>()
`
const FILES = {
  'lib/one.ts': `${HEAD}${failing('one')}`,
  'lib/two.ts': `// beside it, further down\n${HEAD}${failing('two')}${failing('three')}`,
  't.pipeline.ts': `import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { z } from 'zod'
import { one } from './lib/one.ts'
import { three, two } from './lib/two.ts'
const Int = json<number>()
export const fine = step('fine', { outputs: { ns: list(Int) }, run: () => ({ ns: [1, 2] }) })
export const turning = step('turning', {
  params: z.object({ fail: z.boolean().default(false) }),
  outputs: { n: Int },
  run: (_, { fail }) => {
    if (fail) throw new Error('turned')
    return { n: 1 }
  },
})
export const item = step('item', {
  inputs: { n: Int },
  outputs: { n: Int },
  run: ({ n }) => {
    if (n === 2) throw new Error('this one')
    return { n }
  },
})
export const t = pipeline('t', () => {
  one({})
  two({})
  three({})
  turning({})
  each(fine({}).ns, (n) => item({ n }))
})
`,
}

/** Where the errors of a run were thrown, as its records say: the project's own frames, by node. */
async function frames(project: CliProject, run: string): Promise<Record<string, string[]>> {
  const { stdout } = await project.cairn('--json', 'show', `t/${run}`)
  const { tasks } = JSON.parse(stdout) as {
    tasks: Record<string, { items: { error?: { stack?: string } }[] }>
  }
  const found = Object.entries(tasks).flatMap(([task, { items }]) => {
    const stack = items.find(({ error }) => error)?.error?.stack
    return stack === undefined || task.startsWith('each')
      ? []
      : [[task.split('/')[0]!, [...stack.matchAll(/([\w./]+:\d+):\d+\)?$/gm)].map(([, place]) => place!)] as const]
  })
  return Object.fromEntries(found)
}

const BEFORE = {
  one: ['lib/one.ts:5', 'lib/one.ts:10'],
  two: ['lib/two.ts:6', 'lib/two.ts:11'],
  three: ['lib/two.ts:14', 'lib/two.ts:19'],
  turning: ['t.pipeline.ts:12'],
  item: ['t.pipeline.ts:20'],
}
const AFTER = {
  one: ['lib/uno.ts:8', 'lib/uno.ts:14'],
  two: ['lib/two.ts:6', 'lib/two.ts:11'],
  three: ['lib/two.ts:16', 'lib/two.ts:21'],
  turning: ['t.pipeline.ts:14'],
  item: ['t.pipeline.ts:22'],
}

/** Moves and lays out anew what stays the same code. */
function move(project: CliProject): void {
  project.edit('lib/one.ts', 'import', '// one\n// two\n// three\nimport')
  project.edit('lib/one.ts', '  outputs', '  // where it is given\n  outputs')
  renameSync(project.path('lib/one.ts'), project.path('lib/uno.ts'))
  project.edit('t.pipeline.ts', "'./lib/one.ts'", "'./lib/uno.ts'")
  project.edit('t.pipeline.ts', 'const Int', '\n\nconst Int')
  project.edit('lib/two.ts', 'function checkthree', '\n\nfunction checkthree')
}

it('names source lines as they were when the run was planned, for each copy of equal code its own', async () => {
  const project = new CliProject(FILES)
  const first = await project.run('t') // from then on the bodies are known as short, and run in the host
  const { turning: _, ...failed } = BEFORE
  expect(await frames(project, first.run)).toEqual(failed)
  const fails = ['--set', 'turning.fail=true']
  expect(await frames(project, (await project.run('t', ...fails)).run)).toEqual(BEFORE)
  const saved = JSON.parse((await project.cairn('--json', 'plan', 't', ...fails, '--save')).stdout) as { run: string }

  move(project)
  const after = await project.run('t', ...fails)
  expect(how(after)).toMatchObject({ fine: 'reused', item: 'reused, failed' })
  expect(await frames(project, after.run)).toEqual(AFTER)
  const shown = await project.cairn('show', `t/${after.run}`)
  expect(shown.stdout).toMatch(/at checkone \(lib\/uno\.ts:8:\d+\)[^]*at checkthree \(lib\/two\.ts:16:\d+\)/)

  // A run that was planned before.
  const continued = await project.run('--plan', saved.run)
  expect(await frames(project, continued.run)).toEqual(BEFORE)
  const back = await project.cairn('--json', 'play', 't', '--base', first.run, '--at-run-code', '--only', 'one')
  expect(back.stdout).toMatch(/lib\/one\.ts:5:[^]*lib\/one\.ts:10:/)
  expect(back.stdout).not.toContain('uno.ts')
  expect((await project.cairn('doctor')).code).toBe(0)
})

it('names only files that exist, however the code is run', async () => {
  const project = new CliProject({
    'lib/made.ts': `${HEAD}
export const make = (name: string) => step(name, { outputs: { n: Int }, run() {
  throw new Error('made')
} })
export const within = () => step('within', { outputs: { n: Int }, run: () => {
  throw new Error('within')
} })
`,
    'lib/a dir (2) é#%/od:d.ts': `export function odd(): number {
  throw new Error('odd')
}
`,
    't.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { make, within } from './lib/made.ts'
import { odd } from './lib/a%20dir%20(2)%20é%23%25/od:d.ts'
const Int = json<number>()
const acknowledge = ['dynamic code'] as const
export const short = step('short', { outputs: { n: Int }, run: () => ({ n: 1 }) })
export const made = make('made')
export const odds = step('odds', { outputs: { n: Int }, run: () => ({ n: odd() }) })
export const text = step('text', { acknowledge, outputs: { n: Int }, run: () => ({ n: (0, eval)('null.x') }) })
export const lambda = step('lambda', { acknowledge, outputs: { n: Int }, run: () => {
  const call = new Function('called', 'return called()') as (called: () => number) => number
  return { n: call(() => { throw new Error('lambda') }) }
} })
export const named = step('named', { acknowledge, outputs: { n: Int }, run: async () => {
  await import(['no', 'such'].join('-'))
  return { n: 1 }
} })
export const t = pipeline('t', () => {
  short({})
  made({})
  within()({})
  odds({})
  text({})
  lambda({})
  named({})
})
`,
  })
  for (const force of [[], ['--force', 'short'], ['--force', 'short']]) {
    const { run, steps } = await project.run('t', ...force)
    const { odds, ...others } = await frames(project, run)
    expect(odds).toEqual(['d.ts:2', 't.pipeline.ts:9'])
    expect(others).toEqual({
      made: ['lib/made.ts:6'],
      within: ['lib/made.ts:9'],
      text: ['t.pipeline.ts:10'],
      lambda: ['t.pipeline.ts:13', 't.pipeline.ts:13'],
    })
    expect(steps['named']!.error!.message).toBe("Cannot find package 'no-such' imported from t.pipeline.ts:16")
    const shown = await project.cairn('show', `t/${run}`)
    expect(shown.stdout).toMatch(/at odd \(lib\/a dir \(2\) é#%\/od:d\.ts:2:\d+\)/)
    expect(shown.stdout).toMatch(/at eval \(eval at run \(t\.pipeline\.ts:10:\d+\), <anonymous>:1:6\)/)
    expect(shown.stdout).toMatch(/at eval \(eval at run \(t\.pipeline\.ts:12:\d+\), <anonymous>:3:8\)/)
    expect(shown.stdout).not.toMatch(/\.mjs|\.cairn\/local|at .*node_modules/)
  }
})
