import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { CAUGHT, looksAtCaught, SECRET } from './caught.fixture.ts'
import { installed, projectWith } from './packages.fixture.ts'
import { exit, printed, type CliProject } from './project.fixture.ts'

const FILES = {
  ...CAUGHT,
  '.cairn/secrets.json': JSON.stringify({ TOKEN: SECRET }),
  'src/parse.ts': `export class NoDate extends Error {
  readonly column = 'day'
}
export function parse(): number {
  throw new NoDate('no such day', { cause: { code: 'E_DAY' } })
}
`,
  'trouble.pipeline.ts': `import { fromFile } from '@cairn/connectors'
import { pipeline, source, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { alike } from './src/alike.ts'
import { parse } from './src/parse.ts'
const Int = json<number>()
export const broken = step('broken', {
  outputs: { n: Int },
  retry: { times: 1, backoff: '1ms', on: ['E_DAY'] },
  run: () => ({ n: parse() }),
})
export const gone = source('gone', { reads: { file: fromFile('gone.csv') }, outputs: { n: Int }, run: () => ({ n: 1 }) })
export const trouble = pipeline('trouble', () => {
  broken({})
  alike({})
  gone({})
})
`,
  'src/alike.ts': `import { step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { parse } from './parse.ts'
const Int = json<number>()
// the code of another step, at another place
export const alike = step('alike', {
  outputs: { n: Int },
  retry: { times: 1, backoff: '1ms', on: ['E_DAY'] },
  run: () => ({ n: parse() }),
})
`,
  'late.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
export const ask = step('ask', {
  outputs: { length: json<number>() },
  secrets: ['LATER'],
  run: (_, __, { secrets }) => ({ length: secrets.LATER.length }),
})
export const late = pipeline('late', () => ask({}))
`,
  'stuck.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
export const wait = step('wait', {
  outputs: { n: json<number>() },
  run: () => new Promise<{ n: number }>(() => setInterval(() => {}, 1_000)),
})
export const stuck = pipeline('stuck', () => wait({}))
`,
  'lacking.pipeline.ts': `import { existsSync } from 'node:fs'
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { version } from 'outer'
import { z } from 'zod'
const outputs = { v: json<string>() }
export const first = step('first', {
  params: z.object({ until: z.string() }),
  outputs,
  acknowledge: ['files', 'clock'],
  run: async (_, { until }) => {
    while (!existsSync(until)) await new Promise((done) => setTimeout(done, 10))
    return { v: '' }
  },
})
export const second = step('second', { inputs: outputs, outputs, run: ({ v }) => ({ v: v + version }) })
export const lacking = pipeline('lacking', { params: z.object({ until: z.string().default('') }) }, ({ until }) =>
  second(first({}, { until })),
)
`,
  ...installed('outer', '1.0.0', `export const version = 'one'`),
}

describe.skipIf(!inject('servers'))('a step that fails on services', () => {
  let project: CliProject
  const env = { CAIRN_STILL_WAITING: '1', CAIRN_STEP_READS: '.' }
  beforeAll(async () => {
    project = projectWith(FILES)
    const { code, stderr } = await project.cairnWith(env, 'up')
    if (code !== 0) throw new Error(stderr)
  })
  afterAll(async () => {
    await project.cairn('down')
  })

  it('is reported as a local failure: with its causes and source lines, and no files of the store or of Cairn', async () => {
    const told = []
    for (const on of [[], ['--on', 'local']]) {
      const run = await project.run('trouble', ...on)
      expect(run.steps['gone']!.error!.message).toContain('gone.csv cannot be read')
      expect(run.steps['broken']!.attempts).toBe(2)
      told.push(run.steps['broken']!.error)
      const shown = await project.cairn('show', `trouble/${run.run}`, ...on)
      expect(shown.stdout).toMatch(
        /✘ broken {2}NoDate: no such day {2}\{ column: 'day' \}\n.*\n {4}at parse \(src\/parse\.ts:5:9\)/,
      )
      expect(shown.stdout).toMatch(/caused by {2}\{ code: 'E_DAY' \}/)
      const records = await project.cairn('--json', 'show', `trouble/${run.run}`, ...on)
      for (const text of [shown.stdout, records.stdout]) expect(text).not.toMatch(/at .*(\.cairn|dist\/|file:|libs\/)/)
    }
    expect(told[0]).toMatchObject({
      name: 'NoDate',
      stack: expect.stringMatching(
        /^Error: no such day\n +at parse \(src\/parse\.ts:5:9\)\n.*trouble\.pipeline\.ts:10:\d+\)$/,
      ),
      fields: { column: 'day' },
    })
    expect(told[1]).toEqual(told[0])
  })

  it('and is caught is reported as locally, too', () => looksAtCaught(project, '--on', 'local'))

  it('names the lines as they were when its run was planned, even in processes that have loaded equal code', async () => {
    const stacks = async (...args: string[]) => {
      const { steps } = await project.run('trouble', '--on', 'local', ...args)
      return ['broken', 'alike'].map((step) => (steps[step]!.error as { stack?: string } | undefined)?.stack)
    }
    const at = (parse: string, broken: string, alike: string) =>
      [broken, alike].map((place) => expect.stringMatching(new RegExp(`\\(${parse}:\\d+\\)\n.*\\b${place}:\\d+\\)$`)))
    expect(await stacks()).toEqual(at('src/parse.ts:5', 'trouble.pipeline.ts:10', 'src/alike.ts:9'))
    project.edit('src/parse.ts', 'export class', '\n// moved\n\nexport class')
    project.edit('trouble.pipeline.ts', 'const Int', '\n\nconst Int')
    expect(await stacks()).toEqual(at('src/parse.ts:8', 'trouble.pipeline.ts:12', 'src/alike.ts:9'))
  })

  it('and never ends is named to followers and in the log of its service', async () => {
    const follower = project.startWith(env, 'run', 'stuck', '--on', 'local')
    await printed(follower, '! wait  still running after 1.0 s, in stuck/')
    follower.kill('SIGINT')
    await exit(follower)
    const logs = async () => (await project.cairn('logs', 'stuck/wait', '-n', '100')).stdout
    await expect.poll(logs).toMatch(/still running after \d+ s in stuck\//)
    await project.cairn('cancel', 'stuck', '--on', 'local')
  })

  it('waits for a host with the packages of its plan, and every command that shows runs says so', async () => {
    const until = ['--set', `until=${project.path('planned')}`]
    const follower = project.startWith(env, 'run', 'lacking', '--on', 'local', '--progress', 'plain', ...until)
    const ended = exit(follower)
    await printed(follower, 'first  running')
    const one = project.read('node_modules/outer/index.js')
    project.write({ ...installed('outer', '2.0.0', `export const version = 'two'`), planned: '' })
    const why = 'the code was planned with outer@1.0.0, but this machine has outer@2.0.0'
    await printed(follower, `! second  waits for another host: ${why}`)
    const shown = async (...args: string[]) => (await project.cairn(...args, '--on', 'local')).stdout
    // A host that looks at the task once more has it in hand for a moment, and then nothing is said of it.
    const soon = { timeout: 300_000, interval: 100 }
    for (const args of [
      ['runs', 'lacking'],
      ['show', 'lacking/latest'],
    ])
      await expect
        .poll(() => shown(...args), soon)
        .toMatch(
          new RegExp(
            `! second {2}waits for a host other than \\S+: ${why}\\n +next {2}npm install outer@1.0.0, or plan`,
          ),
        )
    type Run = { unfit: { task: string; error: { code: string; message: string } }[] }
    const listed = async () => (JSON.parse(await shown('--json', 'runs', 'lacking')) as [Run])[0]
    const unfit = [{ task: 'second', error: { code: 'MISFIT', message: why } }]
    await expect.poll(listed, soon).toMatchObject({ status: 'running', unfit })
    const latest = async () => JSON.parse(await shown('--json', 'show', 'lacking/latest')) as unknown
    await expect.poll(latest, soon).toMatchObject({ unfit })

    project.write(installed('outer', '1.0.0', one))
    expect(await ended).toBe(0)
    expect(await listed()).toMatchObject({ status: 'completed', unfit: [] })
    for (const args of [
      ['runs', 'lacking'],
      ['show', 'lacking/latest'],
    ])
      expect(await shown(...args)).not.toContain('waits for')
    expect(await shown('cat', 'lacking/latest/second')).toContain('one')
  })

  it('because of a missing secret says how to give it to the service, and that works', async () => {
    const { steps } = await project.run('late', '--on', 'local')
    expect(steps['ask']!.error).toMatchObject({
      code: 'MISSING_SECRET',
      next: expect.stringMatching(/^set CAIRN_SECRET_LATER.* for the service late\/ask;.* then run cairn up again/),
    })
    project.write({ '.cairn/secrets.json': JSON.stringify({ TOKEN: SECRET, LATER: 'long enough' }) })
    const { code, stderr } = await project.cairnWith(env, 'up')
    expect(code, stderr).toBe(0)
    expect((await project.run('late', '--on', 'local')).steps['ask']!.outputs!['length']!.text).toBe('11')
  })
})
