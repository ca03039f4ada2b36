import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Screen } from '@cairn/tools/docs/pictures/screen'
import { CAIRN, CliProject, NODE, type Ended } from './project.fixture.ts'

const FILES = {
  'show.pipeline.ts': `import { existsSync } from 'node:fs'
import { pipeline, step } from '@cairn/kernel'
import { json, metrics } from '@cairn/kinds'
const Int = json<number>()
const held = async (step: string) => {
  while (existsSync('hold-' + step)) await new Promise((later) => setTimeout(later, 5))
}
export const load = step('load', {
  outputs: { n: Int },
  acknowledge: ['files'],
  run: async () => {
    await held('load')
    console.log('a line of the step')
    return { n: 1 }
  },
})
export const evaluate = step('evaluate-the-model-with-a-name-that-is-rather-long', {
  inputs: { n: Int },
  outputs: { metrics: metrics({ auc: 'number' }) },
  acknowledge: ['files'],
  run: async ({ n }) => {
    await held('evaluate')
    return { metrics: { auc: n / 3 } }
  },
})
export const show = pipeline('show', () => evaluate(load({})))
`,
}

interface Terminal {
  readonly columns?: number
  readonly NO_COLOR?: string
  /** Steps that go on until they are shown as running. */
  readonly holds?: readonly string[]
}

/** A command at a real terminal: `script` gives it a pseudo-terminal of the size that is asked for. */
function atTerminal(
  project: CliProject,
  { columns = 100, holds = [], ...more }: Terminal,
  ...args: string[]
): Promise<Ended> {
  const holding = new Set(holds)
  for (const step of holding) project.write({ [`hold-${step}`]: '' })
  const quoted = [NODE, CAIRN, ...args].map((word) => `'${word}'`).join(' ')
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...env } = process.env
  const child = spawn('script', ['-qefc', `stty cols ${columns} rows 24; exec ${quoted}`, '/dev/null'], {
    cwd: project.root,
    env: { ...env, ...more, TERM: 'xterm-256color' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  child.stdout.on('data', (data) => {
    stdout += String(data)
    for (const step of holding)
      if (new RegExp(`${step}\\S* +running +\\d`).test(stripVTControlCharacters(stdout)))
        (holding.delete(step), rmSync(project.path(`hold-${step}`)))
  })
  return new Promise((done) => child.on('close', (code) => done({ code, stdout, stderr: '' })))
}

const ESCAPE = /\u001b\[/

describe('at a terminal', () => {
  it('a run updates each step and its state in place, with the time left once it is known', async () => {
    const project = new CliProject(FILES)
    const holds = ['load', 'evaluate']
    const first = await atTerminal(project, { holds }, 'run', 'show')
    expect(first.code).toBe(0)
    const plain = stripVTControlCharacters(first.stdout)
    expect(plain).toContain('· evaluate-the-model-with-a-name-that-is-rather-long  waiting')
    expect(plain).toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] load {2}running {2}[\d.]+ s/)
    expect(plain).toContain('load | a line of the step')
    expect(plain).toMatch(/✔ load {2}computed/)
    expect(plain).not.toContain('left')
    expect(first.stdout).toMatch(/\u001b\[\d*A/) // moves up to draw over what it drew before
    expect(plain).toMatch(/completed {2}show\//)
    const screen = new Screen()
    screen.write(first.stdout)
    const rows = screen.rows.map((row) => Array.from(row, (cell) => cell?.text ?? ' ').join(''))
    expect(rows.filter((row) => /load {2,}computed/.test(row))).toHaveLength(1) // in the summary, no longer in the progress

    const second = await atTerminal(
      project,
      { holds },
      'run',
      'show',
      '--force',
      'load',
      '--force',
      'evaluate-the-model-with-a-name-that-is-rather-long',
    )
    const timed = stripVTControlCharacters(second.stdout)
    expect(timed).toMatch(/load {2}running {2}[\d.]+ s of ~[\d.]+ s/)
    expect(timed).toMatch(/, (about [\d.]+ s left|nearly done)/)
  })

  it('no line is wider than the terminal', async () => {
    const project = new CliProject(FILES)
    const { stdout } = await atTerminal(project, { columns: 44 }, 'run', 'show')
    const lines = stripVTControlCharacters(stdout).split(/\r?\n|\r/)
    const tabular = lines.filter((line) => /^ {0,3}\S+ +(load|evaluate)/.test(line))
    expect(tabular.length).toBeGreaterThan(0)
    for (const line of tabular) expect(line.length, line).toBeLessThanOrEqual(44)
    expect(tabular.some((line) => line.endsWith('…'))).toBe(true)
  })

  it('shows colours, but not with NO_COLOR', async () => {
    const project = new CliProject(FILES)
    await project.run('show')
    expect((await atTerminal(project, {}, 'plan', 'show')).stdout).toMatch(ESCAPE)
    expect((await atTerminal(project, { NO_COLOR: '1' }, 'plan', 'show')).stdout).not.toMatch(/\u001b\[3\dm/)
  })
})

describe('in a pipe', () => {
  it('a run prints its result on standard output, and on standard error only what its steps print', async () => {
    const project = new CliProject(FILES)
    const { stdout, stderr } = await project.cairn('run', 'show')
    expect(stderr).toBe('load | a line of the step\n')
    expect(stdout).not.toMatch(ESCAPE)
    expect(stdout).toMatch(/auc +0\.33333/)
  })

  it('--progress plain prints progress as lines to stderr', async () => {
    const project = new CliProject(FILES)
    const { stdout, stderr } = await project.cairn('run', 'show', '--progress', 'plain')
    expect(stderr.split('\n').map((line) => line.replace(/[\d.]+ s$/, '… s'))).toEqual([
      '● load  running',
      'load | a line of the step',
      '✔ load  computed, … s',
      '● evaluate-the-model-with-a-name-that-is-rather-long  running',
      '✔ evaluate-the-model-with-a-name-that-is-rather-long  computed, … s',
      '',
    ])
    expect(stdout).not.toMatch(ESCAPE)
  })

  it('--json is one document', async () => {
    const project = new CliProject(FILES)
    for (const args of [
      ['run', 'show'],
      ['plan', 'show'],
      ['why', 'show'],
      ['runs'],
      ['show', 'show'],
      ['graph'],
      ['gc'],
      ['doctor'],
    ]) {
      const { stdout, stderr } = await project.cairn('--json', ...args)
      expect(() => JSON.parse(stdout) as unknown, args.join(' ')).not.toThrow()
      expect(stderr, args.join(' ')).toBe(args[0] === 'run' ? 'load | a line of the step\n' : '')
    }
  })

  it('a reader that closes the pipe early is not an error', async () => {
    const project = new CliProject(FILES)
    await project.run('show')
    const { execFileSync } = await import('node:child_process')
    const output = execFileSync('sh', ['-c', `'${NODE}' '${CAIRN}' --json show show | head -c 10`], {
      cwd: project.root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    expect(output).toHaveLength(10)
  })
})
