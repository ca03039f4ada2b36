import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CliProject, computed, type Files } from './project.fixture.ts'

/** One step between two: `first` gives 1, `middle` is what the test is about, `last` reads it. */
function around(middle: string, { output = 'json<number>()', imports = '' } = {}): Files {
  return {
    'trouble.pipeline.ts': `import { each, list, pipeline, step, when } from '@cairn/kernel'
import { json, metrics, table } from '@cairn/kinds'
${imports}
const Int = json<number>()
export const first = step('first', { outputs: { n: Int }, run: () => ({ n: 1 }) })
export const middle = step('middle', {
  inputs: { n: Int },
  outputs: { out: ${output} },
  ${middle}
})
export const last = step('last', { inputs: { out: ${output} }, outputs: { n: Int }, run: () => ({ n: 3 }) })
export const trouble = pipeline('trouble', () => last(middle(first({}))))
`,
  }
}

describe('a step that fails', () => {
  it.each([
    ['throws', `run: () => { throw new Error('no such column') }`, {}, 'no such column', ''],
    [
      'takes too long',
      `timeout: '300ms', run: () => { while (true) {} }`,
      {},
      'middle exceeded its timeout of 0.3 s',
      'raise its limit, timeout: "10m"',
    ],
    [
      'takes too much memory',
      `memory: '300MB', run: () => { const held = []; while (true) held.push(Buffer.alloc(1e7, 1)) }`,
      {},
      'its limit is 300 MB',
      'raise its limit, memory: "4GB"',
    ],
    [
      'kills its process',
      `acknowledge: ['processes'], run: () => process.exit(7)`,
      {},
      'the process that ran middle exited with code 7',
      '',
    ],
    [
      'is killed by something else',
      `acknowledge: ['processes'], run: () => { process.kill(process.pid, 'SIGKILL'); for (;;); }`,
      {},
      'the process that ran middle was killed (SIGKILL), but not by Cairn, and probably by the system',
      'dmesg',
    ],
    [
      'returns nothing',
      `run: () => undefined as never`,
      {},
      'middle returned nothing, not an object with the outputs',
      'return { out }',
    ],
    [
      'returns another name',
      `run: () => ({ put: 1 }) as never`,
      {},
      'middle returned "put", which it does not declare',
      'did you mean "out"?',
    ],
    [
      'returns a wrong type',
      `run: () => ({ out: [{ delay: 1 }, { delay: 'late' }] }) as never`,
      { output: `table({ delay: 'int32' })` },
      'output "out" of middle: column "delay", row 1: is "late", not an integer',
      '',
    ],
    [
      'returns NaN where that is forbidden',
      `run: () => ({ out: { delay: [0.5, NaN] } })`,
      { output: `table({ delay: 'float64' })` },
      'output "out" of middle: column "delay", row 1: is NaN',
      'float64|nan',
    ],
    [
      'measures NaN',
      `run: () => ({ out: { auc: NaN } })`,
      { output: `metrics({ auc: 'number' })` },
      'output "out" of middle: metric "auc" is NaN',
      '',
    ],
  ])('%s: one clear message; earlier steps are kept, later ones are blocked', async (_, body, more, message, next) => {
    const project = new CliProject(around(body, more))
    const { code, stdout, stderr } = await project.cairn('run', 'trouble')
    expect(code).toBe(3)
    expect(stderr).toBe('')
    expect(stdout).toContain('✘ middle  ')
    expect(stdout.match(/^✘ middle {2}.*$/m)![0]).toContain(message)
    expect(stdout).toContain(next)
    expect(stdout).toMatch(/■ +last +blocked/)
    expect(stdout).toMatch(/^failed {2}trouble\//m)

    const again = await project.run('trouble')
    expect(again.code).toBe(3)
    expect(again.steps['first']!.how).toBe('reused')
    expect(again.steps['last']).toMatchObject({ status: 'blocked', because: 'middle' })
    project.write(around('run: ({ n }) => ({ out: n + 1 }) as never', { output: 'json<number>()' }))
    expect(computed(await project.run('trouble'))).toEqual(['middle', 'last'])
  })

  it('shows where in its own code it threw', async () => {
    const project = new CliProject({
      ...around(`run: () => ({ out: parse() })`, { imports: `import { parse } from './parse.ts'` }),
      'parse.ts': `export function parse(): number {\n  throw new TypeError('bad date')\n}\n`,
    })
    const { stdout } = await project.cairn('run', 'trouble')
    expect(stdout).toContain('bad date')
    expect(stdout).toMatch(/at parse .*parse\.ts:2/)
  })
})

describe('policies', () => {
  it('retries as often as declared, and shows it', async () => {
    const project = new CliProject(
      around(
        `retry: { times: 2, backoff: '10ms' }, acknowledge: ['files'], run: () => {
          const tries = Number(readFileSync('tries.txt', 'utf8')) + 1
          writeFileSync('tries.txt', String(tries))
          if (tries < 3) throw new Error(\`try \${tries}\`)
          return { out: tries }
        }`,
        { imports: `import { readFileSync, writeFileSync } from 'node:fs'` },
      ),
    )
    writeFileSync(project.path('tries.txt'), '0')
    const { code, stdout, stderr } = await project.cairn('run', 'trouble', '--progress', 'plain')
    expect(code).toBe(0)
    expect(stderr).toContain('! middle  attempt 1 failed: try 1')
    expect(stderr).toContain('! middle  attempt 2 failed: try 2')
    expect(stdout).toMatch(/middle +computed \(3 attempts\)/)
    const shown = await project.cairn('show', 'trouble/latest/middle')
    expect(shown.stdout).toContain('completed (computed) after 3 attempts')
  })

  it('does not retry errors that are not named', async () => {
    const project = new CliProject(
      around(`retry: { times: 3, backoff: '10ms', on: ['ECONNRESET'] }, run: () => { throw new RangeError('no') }`),
    )
    expect((await project.run('trouble')).steps['middle']!.attempts).toBe(1)
  })

  it('continues with the result of catch, and never stores it as a checkpoint', async () => {
    const project = new CliProject(
      around(`catch: (error) => ({ out: error.message.length }), run: () => { throw new Error('12345') }`),
    )
    for (let times = 0; times < 2; times++) {
      const run = await project.run('trouble')
      expect(run.status).toBe('completed')
      expect(run.steps['middle']).toMatchObject({ how: 'caught', outputs: { out: { text: '5' } } })
    }
    expect(project.stored('local/trouble/checkpoints')).toEqual(
      [expect.stringContaining('first'), expect.stringContaining('last')].map((path) => path),
    )
  })

  it('runs one arm of a when and skips the other', async () => {
    const arms = (large: boolean): Files => ({
      'choose.pipeline.ts': `import { pipeline, step, when } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Int = json<number>()
export const isLarge = step('is-large', { outputs: { large: json<boolean>() }, run: () => ({ large: ${large} }) })
export const sample = step('sample', { outputs: { n: Int }, run: () => ({ n: 1 }) })
export const all = step('all', { outputs: { n: Int }, run: () => ({ n: 2 }) })
export const after = step('after', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n * 10 }) })
export const choose = pipeline('choose', () => {
  const { large } = isLarge({})
  const { n } = when(large, () => sample({}), () => all({}))
  return after({ n })
})
`,
    })
    const project = new CliProject(arms(true))
    const run = await project.run('choose')
    expect(run.steps['all']).toMatchObject({ status: 'skipped' })
    expect(run.steps['after']!.outputs!['n']!.text).toBe('10')
    project.write(arms(false))
    const other = await project.run('choose')
    expect(other.steps['sample']).toMatchObject({ status: 'skipped' })
    expect(other.steps['after']!.outputs!['n']!.text).toBe('20')
  })

  const scored = (tolerate: string): Files => ({
    'pages.pipeline.ts': `import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Int = json<number>()
export const pages = step('pages', {
  outputs: { pages: list(Int) },
  run: () => ({ pages: Array.from({ length: 20 }, (_, page) => page) }),
})
export const score = step('score', {
  inputs: { page: Int },
  outputs: { score: Int },
  run: ({ page }) => {
    if (page % 10 === 7) throw new Error(\`page \${page} is empty\`)
    return { score: page * page }
  },
})
export const add = step('add', {
  inputs: { scores: list(Int) },
  outputs: { n: Int },
  run: async ({ scores }) => ({ n: (await scores.all()).length }),
})
export const scorePages = pipeline('score-pages', () => {
  const { pages: all } = pages({})
  const { score: scores } = each(all, (page) => score({ page }), { batch: 6${tolerate} })
  return add({ scores })
})
`,
  })

  it('fails an each whose items fail, names the first, and keeps the others', async () => {
    const project = new CliProject(scored(''))
    const { code, stdout } = await project.cairn('run', 'score-pages')
    expect(code).toBe(3)
    expect(stdout).toContain('2 of 20 items of each-pages failed. First error: item 7: page 7 is empty')
    expect(project.stored('local/score-pages/checkpoints/score')).toHaveLength(18)
    const [line] = JSON.parse((await project.cairn('--json', 'runs')).stdout) as [object]
    expect(line).toMatchObject({ computed: 19, failed: 2 })
    const plan = await project.cairn('plan', 'score-pages')
    expect(plan.stdout).toMatch(/^score +run +2 of 20 items/m)
  })

  it('leaves out failed items up to the tolerated number', async () => {
    const project = new CliProject(scored(', tolerate: { share: 0.1 }'))
    const run = await project.run('score-pages')
    expect(run.status).toBe('completed')
    expect(run.steps['add']!.outputs!['n']!.text).toBe('18')
  })
})

describe('a secret', () => {
  const SECRET = 'correct-horse-battery'
  const files = around(
    `secrets: ['TOKEN'], run: (_, __, { secrets }) => {
      console.log('token is', secrets.TOKEN)
      console.error(JSON.stringify(process.env))
      if (secrets.TOKEN.length > 0) throw new Error(\`refused: \${secrets.TOKEN}\`)
      return { out: 1 }
    }`,
  )

  it('appears nowhere: not in the store and not in any output', async () => {
    const project = new CliProject(files)
    const outputs: string[] = []
    for (const args of [
      ['run', 'trouble', '--progress', 'plain'],
      ['--json', 'run', 'trouble'],
      ['show', 'trouble/latest/middle'],
    ]) {
      const { stdout, stderr } = await project.cairnWith({ CAIRN_SECRET_TOKEN: SECRET }, ...args)
      outputs.push(stdout, stderr)
    }
    expect(outputs.join('')).toContain('refused: ***')
    expect(outputs.join('')).toContain('token is ***')
    expect(outputs.join('')).not.toContain(SECRET)
    const stored = project.stored()
    expect(stored.length).toBeGreaterThan(5)
    for (const file of stored) expect(project.read(`.cairn${file}`), file).not.toContain(SECRET)
  })

  it('that is missing is named before the step runs', async () => {
    const project = new CliProject(files)
    const { code, stdout } = await project.cairn('run', 'trouble')
    expect(code).toBe(3)
    expect(stdout).toContain('middle needs the secret TOKEN, which is not set')
    expect(stdout).toContain('set CAIRN_SECRET_TOKEN in the environment')
  })
})
