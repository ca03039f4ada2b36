import { beforeAll, describe, expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const PIPELINE = `import { pipeline, step } from '@cairn/kernel'
import { table } from '@cairn/kinds'
const Row = { year: 'int32', name: 'string' } as const
const names = ['a\\u001b[31mred', 'b\\nnext', '日本', '👩‍👩‍👧', 'e\\u0301', '\\u202eright']
export const load = step('load', {
  outputs: { rows: table(Row) },
  run: () => ({ rows: names.map((name) => ({ year: 2012, name })) }),
})
export const years = pipeline('years', () => load({}))
`

describe('what is printed', () => {
  let project: CliProject
  beforeAll(() => {
    project = new CliProject({ 'years.pipeline.ts': PIPELINE })
  })

  it('shows years as they are, and cells that can neither steer the terminal nor break the table', async () => {
    await project.run('years')
    const { stdout } = await project.cairn('cat', 'years/latest/load')
    expect(stdout).toContain('2012')
    expect(stdout).not.toContain('2,012')
    expect(stdout).not.toMatch(/[\u001b\u202e]/)
    expect(stdout).toContain('a\\u001b[31mred')
    expect(stdout).toContain('b\\nnext')
    expect(stdout).toContain('\\u202eright')
    expect(stdout.trim().split('\n')).toHaveLength(8)
  })

  it.each([
    [['run', 'years', '--jobs', '0'], '--jobs is "0"'],
    [['run', 'years', '--jobs', 'x'], '--jobs is "x"'],
    [['play', 'years', '--jobs', '1.5'], '--jobs is "1.5"'],
    [['runs', '-n', '-1'], '--number is "-1"'],
    [['cat', 'years/latest/load', '-n', 'x'], '--rows is "x"'],
    [['gc', '--keep-runs', 'x'], '--keep-runs is "x"'],
    [['push', '-n', '0'], '--runs is "0"'],
    [['run', 'years', '--store', '/proc/x'], '/proc/x'],
    [['run', 'years', '--store', 'package.json'], 'package.json'],
  ])('refuses by name what an option does not take: %j', async (args, message) => {
    const { code, stdout } = await project.cairn('--json', ...args)
    expect(code).toBe(1)
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } }
    expect(error.message).toContain(message)
    expect(error.code).not.toBe('UNEXPECTED')
  })
})
