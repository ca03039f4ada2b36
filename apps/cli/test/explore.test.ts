import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { explore } from '@cairn/explore'
import { findProject, loadPipeline } from '@cairn/workspace'
import { complete } from '../src/repl/complete.ts'
import { openHistory } from '../src/repl/history.ts'
import { histogram } from '../src/repl/plot.ts'
import { ReplSession } from '../src/repl/session.ts'
import { wordsOf } from '../src/repl/words.ts'
import { CAIRN, CliProject, NODE, printed, type Ended, type RunSummary } from './project.fixture.ts'

const HEAD = `import { each, list, pipeline, step } from '@cairn/kernel'
import { json, metrics, sql, table } from '@cairn/kinds'
import { existsSync } from 'node:fs'
import { z } from 'zod'
const Flights = table({ id: 'int32', delay: 'int32?', origin: 'string' })
const Score = json<number>()
`
const project = new CliProject({
  'small.pipeline.ts': `${HEAD}
export const load = step('load', {
  outputs: { flights: Flights, airports: list(Score) },
  run: () => ({
    flights: Array.from({ length: 100 }, (_, id) => ({ id, delay: id === 99 ? null : id % 5, origin: 'ATL' })),
    airports: [1, 2, 3, 4],
  }),
})
export const features = step('features', {
  inputs: { flights: Flights },
  outputs: { features: Flights },
  run: ({ flights }) => ({ features: sql\`select * from \${flights}\` }),
})
export const train = step('train', {
  inputs: { features: Flights },
  params: z.object({ trees: z.number().default(10), wait: z.boolean().default(false) }),
  outputs: { model: Score },
  acknowledge: ['files', 'clock'],
  run: async ({ features }, { trees, wait }) => {
    if (trees < 0) throw new Error('no trees')
    console.log(\`training \${trees} trees\`)
    while (wait && !existsSync('go-on')) for (const until = Date.now() + 10; Date.now() < until; );
    return { model: trees * (await features.count()) }
  },
})
export const score = step('score', {
  inputs: { airport: Score, model: Score },
  outputs: { score: Score },
  run: ({ airport, model }) => ({ score: airport * model }),
})
export const evaluate = step('evaluate', {
  inputs: { model: Score, scores: list(Score) },
  outputs: { metrics: metrics({ auc: 'number', airports: 'integer' }) },
  run: ({ model, scores }) => ({ metrics: { auc: 1 - 1 / model, airports: scores.length } }),
})
export const small = pipeline('small', { params: z.object({ trees: z.number().default(10) }) }, ({ trees }) => {
  const { flights, airports } = load({})
  const { features: made } = features({ flights })
  const { model } = train({ features: made }, { trees })
  const { score: scores } = each(airports, (airport) => score({ airport, model }))
  return evaluate({ model, scores })
})
`,
  'steps/half.ts': `${HEAD}
export const half = step('half', {
  inputs: { flights: Flights },
  outputs: { features: Flights },
  run: ({ flights }) => ({ features: sql\`select * from \${flights} where id % 2 = 0\` }),
})
export const small = step('wrong', { outputs: { features: json<string>() }, run: () => ({ features: '' }) })
`,
})

const { NO_COLOR: _, FORCE_COLOR: __, CAIRN_STORE: ___, CI: ____, ...env } = process.env
const options = { cwd: project.root, env: { ...env, PWD: project.root, TERM: 'xterm-256color' } }

/** `cairn explore` with its standard input open. */
const open = (...args: string[]) => spawn(NODE, [CAIRN, 'explore', ...args], options)

/** The lines one after the other, as from a pipe. */
function lines(...given: readonly string[]): Promise<Ended> {
  return linesWith([], ...given)
}

async function linesWith(args: readonly string[], ...given: readonly string[]): Promise<Ended> {
  const child = open('small', ...args)
  child.stdin.end(given.map((line) => `${line}\n`).join(''))
  return ended(child)
}

function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data) => (stdout += String(data)))
  child.stderr.on('data', (data) => (stderr += String(data)))
  return new Promise((done) => child.on('close', (code) => done({ code, stdout, stderr })))
}

/** What lines that are all in order print, with nothing on standard error but notes and what steps print. */
async function told(...given: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await lines(...given)
  expect(stderr.replaceAll(/^(! |train \| training ).*\n/gm, '')).toBe('')
  expect(code).toBe(0)
  return stdout
}

/** Names of the runs that were completed, as they were printed. */
const completed = (stdout: string) => [...stdout.matchAll(/completed {2}small\/(\S+)/g)].map(([, run]) => run!)

let production: RunSummary
beforeAll(async () => {
  production = await project.run('small')
})

describe('cairn explore, line by line', () => {
  it('shows where it starts, and which code has changed since', async () => {
    expect(await told()).toBe(`small from ${production.run}, in playground scratch\n`)
    project.edit('small.pipeline.ts', 'airport * model', '2 * airport * model')
    const changed = await told()
    project.edit('small.pipeline.ts', '2 * airport * model', 'airport * model')
    expect(changed).toMatch(/the code has changed since that run:\n[^]*code +score +.*score/)
    const other = await linesWith(['--base', production.run, '--playground', 'other'])
    expect(other.stdout).toBe(`small from ${production.run}, in playground other\n`)
  })

  it('lists commands and steps', async () => {
    const help = await told('.help')
    for (const name of ['.set <name=value>…', '.matrix <name=v1,v2>… [by <metric>]', '.exit'])
      expect(help).toContain(name)
    const one = await told('.help .save')
    expect(one).toContain('.save <file.ts>')
    expect(one).not.toContain('.exit')
    const steps = await told('.steps')
    expect(steps).toMatch(/^small +metrics +trees=10$/m)
    expect(steps).toMatch(/^train +features: features\/features +model +trees=10 wait=false$/m)
    expect(steps).toMatch(/^each-airports +each of load\/airports +score/m)
    expect(steps).toMatch(/^ {2}score +airport: an item of each-airports, model: train\/model +score/m)
  })

  it('shows the output of a step, and plots a column of it', async () => {
    expect(await told('.show train')).toContain(`train/model of ${production.run}\n1000\n`)
    const rows = await told('.show load/flights 2')
    expect(rows).toMatch(/ 1 +1 +ATL\n2 of 100 rows; \.show load\/flights <rows> shows more\n$/)
    const plot = await told('.plot load/flights delay')
    expect(plot).toContain('99 numbers, 1 others: from 0 to 4')
    expect(plot).toMatch(/^0 {2}20 {2}█+$/m)
    expect(plot).toMatch(/^4 {2}19 {2}█+[▏▎▍▌▋▊▉]?$/m)
  })

  it('plans each change when it is made, lists the changes, and undoes them', async () => {
    const stdout = await told(
      '# parameters with blanks are quoted as in a shell',
      '.changes',
      '.set train.trees=20',
      ".swap 'features=./steps/half.ts#half'",
      '.changes',
      '.plan',
      '.undo',
      '.plan',
      '.reset',
      '.changes',
    )
    const parts = stdout.split('\n').slice(1)
    expect(parts.slice(0, 4)).toEqual([
      'no changes',
      expect.stringMatching(/^2 reuse, 1 run, 2 may run, about /),
      expect.stringMatching(/^1 reuse, 1 run, 3 may run, about /),
      '.set train.trees=20',
    ])
    expect(parts[4]).toBe('.swap features=./steps/half.ts#half')
    expect(stdout).toMatch(/features +run .*in steps\/half\.ts/)
    const [, undone = ''] = stdout.split('undone: .swap features=./steps/half.ts#half')
    expect(undone).toMatch(/features +reuse/)
    expect(undone).toMatch(/train +run .*params\.trees 10 -> 20/)
    expect(undone.trimEnd().split('\n').at(-1)).toBe('no changes')
  })

  it('runs the affected steps in the playground, and shows what changed', async () => {
    const before = project.stored('local').length
    const stdout = await told(
      '.set train.trees=30',
      '.run',
      '.show train/model',
      '.compare',
      `.compare ${production.run}`,
    )
    const [run] = completed(stdout)
    expect(stdout).toMatch(/features +reused/)
    expect(stdout).toMatch(/train +computed/)
    expect(stdout).toContain(`train/model of ${run}\n3000\n`)
    expect(stdout.match(/parameter +train\.trees +10 +30/g)).toHaveLength(3)
    expect(project.stored('local')).toHaveLength(before)
    expect((await project.cairn('runs', 'small', '--playground', 'scratch')).stdout).toContain(run)
  })

  it('runs a swapped step with the current content of its file', async () => {
    const child = open('small')
    const end = ended(child)
    child.stdin.write('.swap features=./steps/half.ts#half\n.until train\n.run\n')
    await printed(child, 'completed')
    project.edit('steps/half.ts', 'id % 2 = 0', 'id % 4 = 0')
    child.stdin.end('.run\n.show train/model\n')
    const { code, stdout } = await end
    project.edit('steps/half.ts', 'id % 4 = 0', 'id % 2 = 0')
    expect(code).toBe(0)
    expect(stdout).toMatch(/features +computed .*50 rows[^]*features +computed .*25 rows[^]*\n250\n/)
  })

  it('compares the output of a step with the base, row by row', async () => {
    const stdout = await told('.swap features=./steps/half.ts#half', '.until features', '.run', '.diff features by id')
    expect(stdout).toMatch(/rows with the same id\nonly before +only after +in both +changed\n +50 +0 +50 +0\n/)
    const args = ['small/production', 'small/latest', '--playground', 'scratch', '--of', 'features', '--key', 'id']
    const { stdout: json } = await project.cairn('--json', 'diff', ...args)
    const parts = JSON.parse(json) as { title: string; rows: unknown[] }[]
    expect(parts.find(({ title }) => title === 'rows')!.rows).toEqual([[[100, 50]]])
    const refused = async (...more: string[]) => (await project.cairn('diff', ...args.slice(0, 4), ...more)).stderr
    expect(await refused('--of', 'features', '--key', 'origin')).toContain('origin does not identify rows')
    expect(await refused('--of', 'load')).toContain(
      'load has several outputs\nnext   choose one: load/flights, load/airports',
    )
    expect(await refused('--of', 'load/airports')).toContain('is of kind list, which supports no comparison')
    expect(await refused('--key', 'id')).toContain('--key needs --of')
    expect((await lines('.until features', '.run', '.diff features id')).stderr).toContain('.diff features by <column>')
  })

  it('starts and stops in the middle, and continues with a sample', async () => {
    expect(await told('.only train', '.set train.trees=31', '.plan')).toMatch(/features +given[^]*1 given, 1 run/)
    expect(await told('.from train', '.until train', '.plan')).toMatch(/1 reuse, 1 given\n$/)
    const { code, stdout, stderr } = await lines('.sample features=10', '.items score=1,3', '.run', '.show evaluate')
    expect([code, stderr]).toEqual([
      0,
      '! features.features is cut to 10 of 100 rows: this run can never be promoted\n! load.airports is cut to 2 of 4 items for each-airports: this run can never be promoted\ntrain | training 10 trees\n',
    ])
    expect(stdout).toMatch(/airports +2\n/)
  })

  it('ranks a matrix on top of the changes so far', async () => {
    const stdout = await told('.swap features=./steps/half.ts#half', '.matrix train.trees=1,2,3 by auc')
    const rows = stdout.trim().split('\n').slice(-3)
    expect(rows.map((row) => row.trim().split(/ +/).slice(0, 3))).toEqual([
      ['1', '3', '0.9933333333…'],
      ['2', '2', '0.99'],
      ['3', '1', '0.98'],
    ])
    const { code, stderr } = await lines('.matrix train.trees=1,-1', '.compare')
    expect([code, stderr]).toEqual([1, expect.stringContaining('1 of 2 variants failed')])
  })

  it('runs many times with each step printing once, and leaves no listeners behind', async () => {
    const many = Array.from({ length: 12 }, () => '.run')
    const { stderr } = await linesWith(['--progress', 'plain'], '.run', '.set train.trees=32', '.run', ...many)
    expect(stderr.match(/train \| training 32 trees/g)).toHaveLength(1)
    expect(stderr).not.toContain('MaxListeners')
  })
})

describe('cairn explore, saving a script', () => {
  it('that repeats the session from any folder', async () => {
    const stdout = await told(
      '.set trees=40 train.trees=41',
      '.set train.trees=42',
      '.swap features=./steps/half.ts#half',
      '.sample load/flights=30%',
      '.items score=2',
      '.until evaluate',
      '.run',
      '.save steps/tried.ts',
    )
    const script = project.read('steps/tried.ts')
    expect(script).toContain(`import { small } from '../small.pipeline.ts'\nimport { half } from './half.ts'`)
    expect(script).toContain(`  .swap('features', half)
  .settings({ trees: 40 })
  .params('train', { trees: 42 })
  .sample('load', 'flights', { share: 0.3 })
  .items('score', 2)
  .until('evaluate')
  .run()
console.table(await run.compare())
`)
    const again = await node('/', project.path('steps/tried.ts'))
    expect(again.stderr).toBe('')
    expect(again.stdout).toContain("'evaluate.auc'")
    const [first] = completed(stdout)
    const newest = (await newestRun())!
    expect(newest).not.toBe(first)
    const same = await project.cairn('--json', 'diff', `small/${first}`, `small/${newest}`, '--playground', 'scratch')
    expect([same.code, JSON.parse(same.stdout)]).toEqual([0, []])
  })

  it('with different names when two files export the same name', async () => {
    project.write({ 'same.ts': project.read('steps/half.ts').replace('const half', 'const explore') })
    await told('.swap features=./same.ts#explore', '.save same-tried.ts', '.save same-tried.ts')
    expect(project.read('same-tried.ts')).toContain(`import { explore as explore2 } from './same.ts'`)
    expect((await node(project.root, 'same-tried.ts')).stderr).toBe('')
  })

  it('that uses the code of the run, even if the pipeline has changed', async () => {
    project.edit('small.pipeline.ts', 'auc: 1 - 1 / model', 'auc: 1 - 2 / model')
    const args = ['--at-run-code', '--playground', 'then']
    const saved = await linesWith(args, '.set train.trees=44', '.run', '.save then.ts')
    const today = await node(project.root, 'then.ts')
    project.edit('small.pipeline.ts', 'auc: 1 - 2 / model', 'auc: 1 - 1 / model')
    expect(saved.stdout).not.toContain('today')
    expect(saved.stdout).not.toMatch(/^code /m)
    expect(project.read('then.ts')).toContain("playground: 'then',\n  atRunCode: true,")
    expect(today.stdout).toContain("'train.trees'")
    expect(today.stdout).not.toContain("'code'")
  })

  it('that uses a store other than the one of the project', async () => {
    await project.cairn('run', 'small', '--store', 'elsewhere')
    const saved = await linesWith(['--store', 'elsewhere'], '.set train.trees=43', '.save elsewhere.ts')
    expect(saved.stderr).toBe('')
    const { code, stdout } = await node(project.root, 'elsewhere.ts')
    expect([code, stdout]).toEqual([0, expect.stringContaining("'train.trees'")])
    expect(project.stored('playgrounds/scratch/local/small/runs', 'elsewhere').length).toBeGreaterThan(0)
  })

  const node = (cwd: string, file: string) => ended(spawn(NODE, [file], { ...options, cwd }))
  const newestRun = async () => {
    const { stdout } = await project.cairn('runs', 'small', '-n', '1', '--playground', 'scratch')
    return /small\/(\S+)/.exec(stdout)?.[1]
  }
})

describe('cairn explore, when something is wrong', () => {
  const REFUSED = [
    ['.stepz', 'there is no command ".stepz"', 'did you mean ".steps"?'],
    ['.steps now', 'wrong number of arguments for .steps: 1', 'write it like .steps'],
    ['.show', 'wrong number of arguments for .show: 0', 'write it like .show <step>[/<item>][/<output>] [rows]'],
    ['.show "train', 'the line has an unclosed "', 'write \\" for a literal "'],
    ['.show tain', 'small has no step "tain"', 'did you mean "train"?'],
    ['.show load', 'load has several outputs', 'choose one: load/flights, load/airports'],
    ['.show load/flihts', 'load has no output "flihts"', 'did you mean "flights"?'],
    ['.show score', 'score runs once for each item of each-airports', '.show each-airports'],
    ['.show train many', '"many" is not a row count', '.show train 100'],
    ['.plot load/flights dely', 'load/flights has no column "dely"', 'did you mean "delay"?'],
    ['.plot load/flights origin', 'origin of load/flights is string, not a number', 'available: id, delay'],
    ['.plot train x', 'train/model is json, which has no columns', '.show train/model'],
    ['.set train.tres=1', 'train has no parameter "tres"', 'did you mean "trees"?'],
    ['.set train.trees', '.set train.trees has no value', 'write it like .set train-model.trees=400'],
    ['.swap features', '.swap features is incomplete', 'write it like .swap extract-features=./with-weather.ts'],
    ['.swap features=./steps/half.ts#small', 'wrong cannot replace features', ''],
    ['.sample train=10', 'train.model is of kind json, which cannot be sampled', 'select items'],
    ['.from tain', 'small has no step "tain"', 'did you mean "train"?'],
    ['.undo', 'there is no change to undo', '.help'],
    ['.compare', 'nothing has been run yet', '.run'],
    ['.matrix by auc', 'the matrix is incomplete', 'write it like .matrix train-model.trees=100,200 by auc'],
    ['.save tried.txt', 'tried.txt is not the name of a script', 'end it in .ts, for example tried.ts'],
    ['.save small.pipeline.ts', 'small.pipeline.ts already exists', 'choose another name'],
  ] as const

  it('says what and what to do, keeps no change, and continues', async () => {
    const { code, stdout, stderr } = await lines(...REFUSED.map(([line]) => line), '.changes', '.show train')
    expect(code).toBe(1)
    expect(stdout).toContain(`no changes\ntrain/model of ${production.run}\n1000\n`)
    const errors = stderr.split(/^error {2}/m).slice(1)
    expect(errors).toHaveLength(REFUSED.length)
    for (const [at, [, message, next]] of REFUSED.entries()) {
      expect(errors[at]).toContain(message)
      expect(errors[at]).toContain(next)
    }
  })

  it('continues when a step fails', async () => {
    const { code, stdout } = await lines('.set train.trees=-1', '.run', '.show train', '.undo', '.run')
    expect(code).toBe(1)
    expect(stdout).toContain('no trees')
    expect(stdout).toContain(`train/model of ${production.run}`)
    expect(completed(stdout)).toHaveLength(1)
  })

  it('ends at .exit, whatever else is sent', async () => {
    const child = open('small')
    const end = ended(child)
    child.stdin.write('.exit\n.steps\n')
    expect(await end).toMatchObject({ code: 0, stdout: `small from ${production.run}, in playground scratch\n` })
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops cleanly at %s in a pipe, without running the remaining lines', async (signal, exit) => {
    const child = open('small', '--progress', 'plain')
    const end = ended(child)
    child.stdin.write('.set train.wait=true\n.run\n.steps\n')
    await printed(child, 'train | training')
    child.kill(signal)
    const { code, stdout } = await end
    expect(code).toBe(exit)
    expect(stdout).toMatch(/train +cancelled/)
    expect(stdout).not.toContain('takes')
  })

  it('ends a matrix at SIGINT, and ranks what had ended', async () => {
    const child = open('small', '--playground', 'ended')
    const end = ended(child)
    child.stdin.write('.matrix train.wait=true,false by auc\n.steps\n')
    const ends = () =>
      project.stored('playgrounds/ended/local/small/runs').filter((file) => /^\/[^/]+\/end$/.test(file))
    await expect.poll(ends).toHaveLength(1)
    child.kill('SIGINT')
    const { code, stdout, stderr } = await end
    expect([code, stderr]).toEqual([130, 'stopping; finished steps are kept\n'])
    expect(stdout).toMatch(/^1 +false .*8 reused/m) // the airports, too
    expect(stdout).toMatch(/^✘ +true .*cancelled/m)
    expect(stdout).not.toContain('takes')
  })
})

describe('cairn explore, at a terminal', () => {
  const HISTORY = 'cache/explore-history'
  const history = () => project.read(`.cairn/${HISTORY}`).trim().split('\n')

  it('completes at Tab, keeps its history, and returns to the prompt after Ctrl-C', async () => {
    expect(project.stored(HISTORY)).toEqual([]) // nothing yet of what came through pipes
    const first = new Terminal()
    await first.until('small> ')
    first.type('.set train.w\t')
    await first.until('train.wait=')
    first.type('true\r')
    await first.until('small +1> ')
    first.type('.run\r')
    await first.until('train | training')
    first.type('\u0003')
    await first.until('stopping; finished steps are kept')
    first.type('\u0003\u0003')
    await first.until(/train +cancelled/)
    await first.until('small +1> ')
    first.type('nonsense\u0003.und\t')
    await first.until('.undo')
    first.type('\r')
    await first.until('undone: .set train.wait=true')
    await first.until('small> ')
    first.type('\u0003')
    await first.until('(leave with .exit or Ctrl-D)')
    first.type('.bad\r')
    await first.until('there is no command ".bad"')
    await first.until('small> ')
    first.type('\u0004')
    expect(await first.ended).toBe(0)
    expect(history()).toEqual(['.set train.wait=true', '.run', '.undo', '.bad'])

    const second = new Terminal()
    await second.until('small> ')
    second.type('\u001b[A\u001b[A')
    await second.until('.undo')
    second.type('\r')
    await second.until('there is no change to undo')
    await second.until('small> ')
    second.type('.exit\r')
    expect(await second.ended).toBe(0)
    expect(history().slice(-2)).toEqual(['.undo', '.exit'])
  })
})

/** `cairn explore` at a pseudo-terminal of `script`, instead of its shell: one that lives on ends as Ctrl-C would end it. */
class Terminal {
  readonly #child = spawn(
    'script',
    ['-qefc', `stty cols 100 rows 24; exec '${NODE}' '${CAIRN}' explore small`, '/dev/null'],
    options,
  )
  readonly ended = new Promise<number | null>((done) => this.#child.on('close', done))
  #seen = ''
  #received = () => {}

  constructor() {
    this.#child.stdout.on('data', (data) => {
      this.#seen += String(data)
      this.#received()
    })
    onTestFinished(() => void this.#child.kill('SIGHUP'))
  }

  type(keys: string): void {
    this.#child.stdin.write(keys)
  }

  /** Waits for a text behind the one that was waited for last. */
  async until(text: string | RegExp): Promise<void> {
    const never = Promise.race([this.ended, setTimeout(300_000, undefined, { ref: false })]).then(() => true)
    for (;;) {
      const plain = stripVTControlCharacters(this.#seen)
      const [found] = (typeof text === 'string' ? plain.includes(text) && [text] : text.exec(plain)) || []
      if (found !== undefined) {
        this.#seen = plain.slice(plain.indexOf(found) + found.length)
        return
      }
      const more = new Promise<boolean>((done) => (this.#received = () => done(false)))
      if (await Promise.race([more, never])) throw new Error(`there is no ${String(text)} in:\n${plain}`)
    }
  }
}

describe('completion', () => {
  let session: ReplSession
  beforeAll(async () => {
    const found = findProject(project.root)
    const loaded = await loadPipeline(found, 'small')
    session = new ReplSession(await explore(loaded.pipeline, { project: found, loaded }), { isTerminal: true })
  })

  it.each([
    ['.s', ['.steps', '.show', '.set', '.swap', '.sample', '.save']],
    ['  .un', ['.until', '.undo']],
    ['.help .ma', ['.matrix']],
    ['.from e', ['each-airports', 'evaluate']],
    ['.only train ev', ['evaluate']],
    ['.set tr', ['trees=', 'train.trees=', 'train.wait=']],
    ['.matrix train.t', ['train.trees=']],
    ['.show l', ['load/flights', 'load/airports']],
    ['.show s', []],
    ['.plot ', ['load/flights', 'features/features']],
    ['.plot load/flights ', ['id', 'delay']],
    ['.plot features d', ['delay']],
    ['.sample ', ['load/flights=', 'features/features=']],
    ['.items ', ['each-airports=', 'score=']],
    ['.swap fe', ['features=']],
    ['.swap features=ste', ['features=steps/']],
    ['.swap features=steps/h', ['features=steps/half.ts']],
    ['.swap features=./steps/h', ['features=./steps/half.ts']],
    ['.swap features=no/', []],
    ['.save small', ['small.pipeline.ts']],
    ['.save node', []],
    ['.compare prod', ['production']],
    ['.diff fe', ['features/features']],
    ['.diff features/features ', ['by']],
    ['.diff features/features by d', ['delay']],
    ['.plan ', []],
    ['.foo b', []],
  ])('of "%s" is %j', async (line, found) => {
    expect(await complete(session, line, project.root)).toEqual([found, line.slice(line.lastIndexOf(' ') + 1)])
  })

  it('knows the runs', async () => {
    const [found] = await complete(session, '.compare ', project.root)
    expect(found).toContain(production.run)
  })
})

describe('the history', () => {
  it('holds the newest 1,000 lines, newest first, without blank and repeated ones', () => {
    const file = project.path('history')
    writeFileSync(file, Array.from({ length: 1005 }, (_, at) => `.show ${at}\n`).join(''))
    const { lines: known, add } = openHistory(file)
    expect([known.length, known[0], known.at(-1)]).toEqual([1000, '.show 1004', '.show 5'])
    for (const line of ['.show 1004', ' ', '.run', '.run', '.plan']) add(line)
    const kept = readFileSync(file, 'utf8').trim().split('\n')
    expect([kept[0], ...kept.slice(-3)]).toEqual(['.show 5', '.show 1004', '.run', '.plan'])
  })

  it('begins with the first line, and works without a file that can be written', () => {
    const file = project.path('new/folder/history')
    expect(openHistory(file).lines).toEqual([])
    expect(existsSync(file)).toBe(false)
    openHistory(file).add('.run')
    expect(openHistory(file).lines).toEqual(['.run'])
    expect(() => openHistory(project.path('package.json/history')).add('.run')).not.toThrow()
  })
})

describe('a histogram', () => {
  const bars = (text: string) => text.split('\n').slice(1)

  it('has a bar for each of a few whole numbers', () => {
    expect(histogram([3, 1, 1, 1, 1], 30)).toBe(`5 numbers: from 1 to 3, mean 1.4, median 1
1  4  ${'█'.repeat(22)}
2  0  
3  1  █████▌`)
  })

  it('has round edges for all others, and every value in one bar', () => {
    const values = Array.from({ length: 1000 }, (_, at) => at / 1000 - 0.25)
    const rows = bars(histogram(values))
    expect(rows[0]).toMatch(/^-0\.3 to -0\.2 +50 /)
    expect(rows.at(-1)).toMatch(/^ +0\.7 to 0\.8 +50 /)
    expect(rows.map((row) => Number(/to \S+ +(\d+)/.exec(row)![1])).reduce((sum, each) => sum + each, 0)).toBe(1000)
  })

  it('counts other values separately, and works with no number or one', () => {
    expect(histogram([NaN, Infinity])).toBe('0 numbers, 2 others')
    expect(bars(histogram([0.5, 0.5, NaN]))).toHaveLength(1)
  })
})

describe('words', () => {
  it.each([
    ['.set a=1  b=2 ', ['.set', 'a=1', 'b=2']],
    [`.set 'name=a b' "c=\\"d\\""`, ['.set', 'name=a b', 'c="d"']],
    ['.set a=b\\ c \'\' d"e"f', ['.set', 'a=b c', '', 'def']],
    ['', []],
  ])('of %j are %j', (line, words) => expect(wordsOf(line)).toEqual(words))
})
