import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { CAIRN, CliProject, NODE } from './project.fixture.ts'

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

/** Clears the screen, sets a colour, breaks the line and turns the direction of writing. */
const HOSTILE = 'x\u001b[2J\u001b[31m\u009b1m\nEVIL\u202e\u0007'
const HOSTILE_PIPELINE = `import { each, list, pipeline, source, step } from '@cairn/kernel'
import { fromFile } from '@cairn/connectors'
import { json, metrics, partitions, table } from '@cairn/kinds'
import { z } from 'zod'
const EVIL = ${JSON.stringify(HOSTILE)}
const Rows = table({ label: 'string', [EVIL]: 'int32' })
export const load = source('load', {
  reads: { file: fromFile(EVIL + '.txt') },
  params: z.object({ text: z.string().default(EVIL), [EVIL]: z.number().default(1) }),
  outputs: { parts: partitions(Rows, 'label'), notes: json<unknown>() },
  run: (_, { text }) => {
    console.log('printed ' + EVIL)
    return { parts: [{ label: EVIL, [EVIL]: 1 }, { label: text + 2, [EVIL]: 2 }], notes: { [EVIL]: [EVIL] } }
  },
})
export const score = step('score', {
  inputs: { part: Rows },
  outputs: { n: json<string>() },
  run: async ({ part }) => {
    const [row] = await Array.fromAsync(part.rows())
    if (row!.label === EVIL) throw new Error('no ' + EVIL, { cause: { [EVIL]: EVIL } })
    return { n: EVIL }
  },
})
export const sum = step('sum', {
  inputs: { all: list(json<string>()) },
  params: z.object({ weight: z.number().default(1) }),
  outputs: { metrics: metrics(z.record(z.string(), z.number())), rows: Rows },
  run: ({ all }, { weight }) => ({ metrics: { [EVIL]: weight * all.length }, rows: [{ label: EVIL, [EVIL]: weight }] }),
})
export const evil = pipeline('evil', () => {
  const { parts } = load({})
  const { n } = each(parts, (part) => score({ part }), { tolerate: { items: 1 } })
  return sum({ all: n })
})
`

it('names of files, columns, labels, parameters and metrics are escaped for terminals and tables', async () => {
  const project = new CliProject({ 'evil.pipeline.ts': HOSTILE_PIPELINE, [`${HOSTILE}.txt`]: 'here' })
  const printed: Record<string, string> = {}
  const say = async (...args: string[]) => {
    const { stdout, stderr } = await project.cairn(...args)
    return (printed[args.join(' ')] = stdout + stderr)
  }
  const ran = await say('run', 'evil', '--jobs', '1', '--progress', 'plain')
  expect(ran).toMatch(/completed +evil/)
  await say('play', 'evil', '--set', 'sum.weight=2', '--progress', 'none')
  await say('play', 'evil', '--matrix', 'sum.weight=3,4', '--progress', 'none')
  await say('run', 'evil', '--set', `load.text=${HOSTILE}new`, '--progress', 'none')
  for (const args of [
    ['plan', 'evil', '--set', `load.text=${HOSTILE}!`],
    ['why', 'evil', 'load', '--set', `load.text=${HOSTILE}!`],
    ['why', 'evil', `score/${HOSTILE}`],
    ['runs'],
    ['show', 'evil/latest'],
    ['show', 'evil/latest/load'],
    ['show', 'evil/latest/load/notes'],
    ['show', 'evil/latest/score'],
    ['show', 'evil/latest/score/0'],
    ['show', `evil/latest/score/${HOSTILE}?`],
    ['cat', 'evil/latest/load/parts'],
    ['cat', 'evil/latest/load/notes'],
    ['cat', 'evil/latest/sum/rows'],
    ['cat', 'evil/latest/sum/metrics'],
    ['logs', 'evil/latest'],
    ['graph', 'evil'],
    ['diff', 'evil/production', 'evil/latest'],
    ['diff', 'evil/production', 'evil/latest', '--of', 'sum/rows'],
    ['parity', 'evil'],
    ['run', HOSTILE],
    ['run', 'evil', '--set', `${HOSTILE}=1`],
    ['run', 'evil', '--store', HOSTILE, '--until', HOSTILE],
  ])
    await say(...args)
  const lines = [
    '.show sum/rows',
    '.show load/notes',
    `.plot sum/rows ${HOSTILE}`,
    `.set load.text=${HOSTILE}`,
    '.steps',
  ]
  const explored = await project.cairnTyping(lines, 'explore', 'evil')
  printed['explore'] = explored.stdout + explored.stderr
  for (const [command, all] of Object.entries(printed)) {
    // The colours that a step gives to its own lines are kept.
    const text = all.replaceAll(/^((load \| )?printed x.*)\u001b\[31m/gm, '$1')
    expect(text, command).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(text, command).not.toContain('UNEXPECTED')
    if (!/^(error|next|✘)/m.test(text)) expect(text, command).not.toMatch(/^EVIL/m)
  }

  // Where colours are shown, they are those of the program: nothing else of a terminal's language.
  const { NO_COLOR: _, ...env } = process.env
  for (const args of [['show', 'evil/latest/score'], ['cat', 'evil/latest/load/notes'], ['runs']]) {
    const { stdout } = await promisify(execFile)(NODE, [CAIRN, ...args], {
      cwd: project.root,
      env: { ...env, FORCE_COLOR: '1' },
    })
    expect(stdout.replaceAll(/\u001b\[[\d;]*m/g, ''), args.join(' ')).not.toMatch(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/,
    )
  }
})

describe('printed output', () => {
  let project: CliProject
  beforeAll(() => {
    project = new CliProject({ 'years.pipeline.ts': PIPELINE })
  })

  it('shows years without separators, and escapes cells for terminals and tables', async () => {
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
    [['run', 'years', '--jobs', '0'], '--jobs must be a whole number of at least'],
    [['run', 'years', '--jobs', 'x'], '--jobs must be a whole number of at least'],
    [['play', 'years', '--jobs', '1.5'], '--jobs must be a whole number of at least'],
    [['runs', '-n', '-1'], '--number must be a whole number of at least'],
    [['cat', 'years/latest/load', '-n', 'x'], '--rows must be a whole number of at least'],
    [['gc', '--keep-runs', 'x'], '--keep-runs must be a whole number of at least'],
    [['push', '-n', '0'], '--runs must be a whole number of at least'],
    [['run', 'years', '--store', '/proc/x'], '/proc/x'],
    [['run', 'years', '--store', 'package.json'], 'package.json'],
  ])('refuses an invalid option value by name: %j', async (args, message) => {
    const { code, stdout } = await project.cairn('--json', ...args)
    expect(code).toBe(1)
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } }
    expect(error.message).toContain(message)
    expect(error.code).not.toBe('UNEXPECTED')
  })
})
