import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { processName, thisProcess } from '@cairn/drivers/process-id'
import { CAIRN, CliProject, exit, NODE, REPOSITORY, type RunSummary } from './project.fixture.ts'

const project = new CliProject({
  'small.pipeline.ts': `import { each, list, pipeline, step } from '@cairn/kernel'
import { json, metrics, table } from '@cairn/kinds'
import { z } from 'zod'

export const Flights = table({ origin: 'string', delay: 'int32?' })
export const load = step('load', {
  outputs: { flights: Flights, ids: list(json<number>()) },
  run: () => ({
    flights: [{ origin: 'ATL', delay: 12 }, { origin: 'ORD', delay: null }, { origin: 'LAX', delay: -3 }],
    ids: [1, 2, 3],
  }),
})
export const score = step('score', {
  inputs: { id: json<number>() },
  outputs: { score: json<number>() },
  run: ({ id }) => ({ score: id * 10 }),
})
export const evaluate = step('evaluate', {
  inputs: { flights: Flights, scores: list(json<number>()) },
  params: z.object({ weight: z.number().default(1) }),
  outputs: { metrics: metrics({ mean: 'number', rows: 'integer' }) },
  run: async ({ flights, scores }, { weight }) => {
    const { delay } = await flights.columnsOf(['delay'])
    return { metrics: { mean: (weight * (await scores.all()).reduce((a, b) => a + b, 0)) / 3, rows: delay.length } }
  },
})
export const small = pipeline('small', { params: z.object({ weight: z.number().default(1) }) }, ({ weight }) => {
  const { flights, ids } = load({})
  const { score: scores } = each(ids, (id) => score({ id }), { batch: 2 })
  return evaluate({ flights, scores }, { weight })
})
`,
})
let first: RunSummary
let second: RunSummary
beforeAll(async () => {
  first = await project.run('small')
  second = await project.run('small', '--set', 'weight=2')
})
const out = async (...args: string[]) => {
  const { code, stdout, stderr } = await project.cairn(...args)
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return stdout
}

describe('cairn runs', () => {
  it('lists runs, the newest first, with what was computed and measured', async () => {
    const [title, newest, older] = (await out('runs')).split('\n')
    expect(title).toMatch(/^run +status +started +took +computed +reused +metrics$/)
    expect(newest).toMatch(new RegExp(`^small/${second.run} +completed .* 1 +4 +mean 40 {2}rows 3$`))
    expect(older).toMatch(new RegExp(`^small/${first.run} +completed .* 5 +0 +mean 20 {2}rows 3$`))
  })

  it('filters by status, time and parameter, and pages with --before', async () => {
    const named = async (...options: string[]) =>
      (JSON.parse(await out('--json', 'runs', 'small', ...options)) as RunSummary[]).map(({ run }) => run)
    expect(await named('--param', 'weight=2')).toEqual([second.run])
    expect(await named('--before', second.run)).toEqual([first.run])
    expect(await named('--status', 'completed', '--since', '1h', '-n', '1')).toEqual([second.run])
    expect(await named('--status', 'failed', '--status', 'cancelled')).toEqual([])
    expect(await named('--until', '2026-01-01T00:00')).toEqual([])
    for (const wrong of ['yesterday', '2026-02-30']) {
      const { code, stderr } = await project.cairn('runs', '--since', wrong)
      expect([code, stderr]).toEqual([1, expect.stringContaining('must be a date, a date and time, or an age')])
    }
  })

  it('says what to do if there are no runs', async () => {
    expect(await new CliProject({}).cairn('runs')).toMatchObject({ stdout: 'no runs yet\nnext  cairn run\n' })
    expect(await out('runs', 'small', '--param', 'weight=3')).toBe('no run of small matches\nnext  cairn runs small\n')
  })
})

describe('cairn show', () => {
  it('shows a run', async () => {
    expect(await out('show', `small/${second.run}`)).toMatch(/params {2}weight=2\n[^]*↺ +load +reused[^]*mean +40/)
  })
  it('shows a step: code, parameters, inputs, checkpoint', async () => {
    const text = await out('show', 'small/latest/evaluate')
    expect(text).toMatch(/^status +completed \(computed\)$/m)
    expect(text).toMatch(/^code +[0-9a-f]{64}$/m)
    expect(text).toMatch(/^params +\{"weight":2\}$/m)
    expect(text).toMatch(/^reads scores +each-ids\/score$/m)
    expect(text).toMatch(/^input flights +[0-9a-f]{64}$/m)
    expect(text).toMatch(/^output metrics +[0-9a-f]{64} {2}\d+ B {2}mean 40, 3 rows$/m)
  })
  it('shows an artifact, and a batch of an each', async () => {
    expect(await out('show', 'small/latest/load/flights')).toMatch(/^holds +3 rows, 2 columns$/m)
    expect(await out('show', 'small/latest/score/1')).toMatch(/^step +small\/\S+\/score\/1$/m)
  })
})

describe('cairn cat', () => {
  it('prints a table', async () => {
    expect((await out('cat', 'small/latest/load/flights', '-n', '2')).split('\n').slice(0, 5)).toEqual([
      'origin   delay',
      'string  int32?',
      'ATL         12',
      'ORD       null',
      '2 of 3 rows; -n <count> shows more',
    ])
  })
  it('prints metrics, lists, JSON and raw bytes, and writes a file', async () => {
    expect(await out('cat', 'small/latest/evaluate')).toBe('mean  40\nrows   3\n'.replace('   3', '  3'))
    expect(await out('cat', 'small/latest/load/ids')).toContain('int64')
    expect(await out('cat', 'small/latest/evaluate', '--raw')).toBe('{"mean":40,"rows":3}')
    await out('cat', 'small/latest/load/flights', '--out', 'flights.parquet')
    expect(readFileSync(project.path('flights.parquet')).subarray(0, 4).toString()).toBe('PAR1')
    expect(JSON.parse(await out('--json', 'cat', 'small/latest/load/flights'))).toMatchObject({ total: 3 })
  })
})

describe('cairn graph', () => {
  it('draws the pipeline for the terminal', async () => {
    const lines = (await out('graph')).split('\n')
    expect(lines[0]).toMatch(/^● +load +.*→ flights: table, ids: list/)
    expect(lines.find((line) => line.includes('each-ids'))).toMatch(/for each of load\.ids, 2 at a time/)
    expect(lines.at(-2)).toMatch(/evaluate .*load\.flights, scores ← each-ids\.score/)
  })
  it('draws it as Mermaid', async () => {
    const text = await out('graph', 'small', '--mermaid')
    expect(text).toMatch(/^flowchart TD\n/)
    expect(text).toContain('subgraph each_ids["for each item"]')
    expect(text).toContain('load -->|flights| evaluate')
  })
})

describe('cairn diff', () => {
  it('compares parameters, data and metrics', async () => {
    const text = await out('diff', `small/${first.run}`, `small/${second.run}`)
    expect(text).toMatch(/^parameter +weight +1 +2$/m)
    expect(text).toMatch(/^parameter +evaluate\.weight +1 +2$/m)
    expect(text).toMatch(/^data +evaluate\/metrics /m)
    expect(text).toMatch(/^metric +evaluate\.mean +20 +40 {2}\(\+20\)$/m)
  })
  it('names changed code and where it is', async () => {
    project.edit('small.pipeline.ts', 'id * 10', 'id * 11')
    try {
      const third = await project.run('small', '--set', 'weight=2')
      const text = await out('diff', `small/${second.run}`, `small/${third.run}`)
      expect(text).toMatch(/^code +score .*score in small\.pipeline\.ts changed/m)
      expect(text).toMatch(/^metric +evaluate\.mean +40 +44/m)
    } finally {
      project.edit('small.pipeline.ts', 'id * 11', 'id * 10')
    }
  })
  it('says if two runs are the same', async () => {
    expect(await out('diff', `small/${first.run}`, `small/${first.run}`)).toContain(
      'the two runs have the same parameters',
    )
  })
})

describe('cairn new', () => {
  it.each(['step', 'pipeline', 'connector', 'kind'])(
    'writes a %s with a test that passes and compiles',
    async (what) => {
      const fresh = new CliProject()
      const made = await fresh.cairn('new', what, 'count-words')
      expect(made.stdout).toContain('wrote  count-words')
      execFileSync(NODE, ['--test', 'count-words.test.ts'], { cwd: fresh.root })
      fresh.write({
        'tsconfig.json': JSON.stringify({
          extends: `${REPOSITORY}/tsconfig.base.json`,
          compilerOptions: { composite: false },
          include: ['*.ts'],
        }),
      })
      execFileSync(NODE, [`${REPOSITORY}/node_modules/typescript-native/bin/tsc`, '-p', '.'], { cwd: fresh.root })
      const again = await fresh.cairn('new', what, 'count-words')
      expect(again.code).toBe(1)
      expect(again.stderr).toContain('already exists')
    },
  )
  it('a new pipeline runs at once', async () => {
    const fresh = new CliProject({
      'package.json': '{ "type": "module", "cairn": { "pipelines": ["pipelines/*.ts"] } }',
    })
    await fresh.cairn('new', 'pipeline', 'count-words')
    expect((await fresh.run('count-words')).status).toBe('completed')
  })
})

describe('cairn completion', () => {
  const words = async (...typed: string[]) => (await out('complete', '--', ...typed)).trim().split('\n')
  it('knows commands, pipelines, steps, parameters, runs and artifacts', async () => {
    expect(await words('r')).toEqual(['run', 'runs', 'rollback'])
    expect(await words('run', 's')).toEqual(['small'])
    expect(await words('run', 'small', '--from', '')).toEqual(['load', 'score', 'evaluate'])
    expect(await words('run', 'small', '--set', 'ev')).toEqual(['evaluate.weight='])
    expect(await words('plan', '--s')).toEqual(['--set', '--save', '--store'])
    expect(await words('cat', 'small/latest/load/')).toEqual(['small/latest/load/flights', 'small/latest/load/ids'])
    expect(await words('show', `small/${first.run.slice(0, 8)}`)).toContain(`small/${first.run}`)
  })
  it('works in bash', async () => {
    const script = `
      cairn() { '${NODE}' '${CAIRN}' "$@"; }
      source <(cairn completion bash)
      COMP_WORDS=(cairn run small --until ev); COMP_CWORD=4
      _cairn 2>/dev/null
      echo "\${COMPREPLY[@]}"`
    expect(execFileSync('bash', ['-c', script], { cwd: project.root, encoding: 'utf8' })).toBe('evaluate\n')
  })
  it('has scripts for zsh and fish, and suggests the nearest for others', async () => {
    expect(await out('completion', 'zsh')).toContain('#compdef cairn')
    expect(await out('completion', 'fish')).toContain('complete -c cairn')
    expect((await project.cairn('completion', 'bsh')).stderr).toContain('did you mean "bash"?')
  })
})

describe('a mistake', () => {
  it.each([
    [['run', 'smal'], 'pipeline "smal" does not exist', 'did you mean "small"?'],
    [['why', 'small', 'evalute'], 'small has no step "evalute"', 'did you mean "evaluate"?'],
    [['show', 'smal'], 'there are no runs of a pipeline "smal"', 'did you mean "small"?'],
    [['show', 'small/2099'], 'run "2099" does not exist', 'cairn runs'],
    [['cat', 'small/latest/evaluat/metrics'], 'has no step "evaluat"', 'did you mean "evaluate"?'],
    [['cat', 'small/latest/load/flight'], 'load has no output "flight"', 'did you mean "flights"?'],
    [['cat', 'small/latest/load'], 'load has several outputs', 'flights, ids'],
    [['new', 'stpe', 'x'], 'cairn new cannot create a "stpe"', 'did you mean "step"?'],
    [['new', 'step', 'Count_Words'], '"Count_Words" is not a valid name for a step', 'train-model'],
    [['run', '--plan', 'x'], 'there is no plan "x"', 'cairn plan --save'],
  ])('%s names the nearest and the next command', async (args, message, next) => {
    const { code, stdout, stderr } = await project.cairn(...args)
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain(message)
    expect(stderr).toContain(next)
    expect(stderr).not.toMatch(/^\s+at /m)
  })
  it('in the name of a command suggests the nearest', async () => {
    const { code, stderr } = await project.cairn('plann')
    expect(code).toBe(1)
    expect(stderr).toContain('Did you mean plan?')
  })
  it('in a pipeline file names the file and the line', async () => {
    const broken = new CliProject({
      'broken.pipeline.ts': `import { pipeline } from '@cairn/kernel'\nexport const = 3\n`,
    })
    const { code, stderr } = await broken.cairn('run')
    expect(code).toBe(1)
    expect(stderr).toContain('broken.pipeline.ts')
    expect(stderr).toContain(':2')
  })
  it('in how a pipeline uses a handle names the place and what to write instead', async () => {
    const wrong = new CliProject({
      'wrong.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const isLarge = step('is-large', { outputs: { large: json<boolean>() }, run: () => ({ large: true }) })
export const wrong = pipeline('wrong', () => {
  const { large } = isLarge({})
  return large ? { large } : { large }
})
`,
    })
    const { code, stderr } = await wrong.cairn('plan')
    expect(code).toBe(1)
    expect(stderr).toContain('wrong.pipeline.ts:6:10 large has no value while the pipeline is being built: use when(')
  })
  it('in wiring is reported as a wiring error', async () => {
    const wrong = new CliProject({
      'wrong.pipeline.js': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const one = step('one', { outputs: { n: json() }, run: () => ({ n: 1 }) })
const two = step('two', { inputs: { n: json() }, outputs: { n: json() }, run: () => ({ n: 1 }) })
export const wrong = pipeline('wrong', () => two({ m: one({}).n }))
`,
      'package.json': '{ "type": "module", "cairn": { "pipelines": ["*.pipeline.js"] } }',
    })
    const { code, stderr } = await wrong.cairn('run')
    expect(code).toBe(1)
    expect(stderr).toBe('error  wrong.pipeline.js:5 two has no input "m"\nnext   did you mean "n"?\n')
  })
})

describe('a folder that is not a project', () => {
  it('gets an error that says how to make it one', async () => {
    const bare = new CliProject({ 'package.json': '{}' })
    const { code, stderr } = await bare.cairn('run')
    expect(code).toBe(1)
    expect(stderr).toContain('has a "cairn" entry')
    expect(stderr).toContain('add "cairn": { "pipelines": ["pipelines/*.ts"] } to package.json')
  })

  it('runs ten lines of pipeline once it has that entry', async () => {
    const outside = new CliProject({
      'package.json': '{ "type": "module", "cairn": { "pipelines": "hello.ts" } }',
      'hello.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Text = json<string>()
export const greet = step('greet', { outputs: { greeting: Text }, run: () => ({ greeting: 'hello' }) })
export const shout = step('shout', {
  inputs: { greeting: Text },
  outputs: { loud: Text },
  run: ({ greeting }) => ({ loud: greeting.toUpperCase() }),
})
export const hello = pipeline('hello', () => shout(greet({})))
`,
    })
    expect((await outside.run()).steps['shout']!.outputs!['loud']!.text).toBe('"HELLO"')
  })
})

it('logs of a service says that no service has been started', async () => {
  const { code, stderr } = await new CliProject({}).cairn('logs', 'control')
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining('no services have been started on this machine\nnext   cairn up'),
  ])
})

it('status says that another command is starting or stopping services, for as long as it lives', async () => {
  const bare = new CliProject({})
  const lock = '.cairn/stack/lock'
  bare.write({ [lock]: thisProcess })
  const text = 'another command is starting or stopping the services\nnext  cairn status\n'
  expect(await bare.cairn('status')).toMatchObject({ code: 1, stdout: text })
  bare.write({ [lock]: await nameOfEnded() })
  expect(await bare.cairn('status')).toMatchObject({ code: 1, stdout: 'not running\nnext  cairn up\n' })
})

/** The name of a process that has ended. */
async function nameOfEnded(): Promise<string> {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
  const name = processName(child.pid!)
  child.stdin.end()
  await exit(child)
  return name
}
