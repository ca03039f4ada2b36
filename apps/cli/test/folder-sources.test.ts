import { readFileSync, rmSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const MONTHS = `
import { fromFiles } from '@cairn/connectors'
import { each, list, pipeline, source, step } from '@cairn/kernel'
import { csv, file, json, sql } from '@cairn/kinds'
export const load = source('load', {
  reads: { months: fromFiles('data/2026-*.csv') }, outputs: { months: list(file('csv')), names: json<string[]>() },
  run: ({ months }) => ({ months, names: months.map(({ name }) => name) }),
})
export const sum = step('sum', {
  inputs: { month: file('csv') }, outputs: { total: json<number>() }, acknowledge: ['files'],
  run: async ({ month }) => ({ total: Number((await sql\`select sum(n) as n from \${csv(month)}\`.toArray())[0].n) }),
})
export const months = pipeline('months', () => {
  const { months, names } = load({})
  return { totals: each(months, (month) => sum({ month })).total, names }
})
`

it('computes only the items of new and changed files that match a pattern', async () => {
  const project = new CliProject({
    'months.pipeline.ts': MONTHS,
    'data/2026-01.csv': 'n\n1\n2\n',
    'data/2026-02.csv': 'n\n5\n',
    'data/2025-12.csv': 'n\n1000\n',
    'data/2026-deeper/2026-03.csv': 'n\n1000\n',
  })
  const run = async () => {
    const { code, steps } = await project.run('months')
    expect(code).toBe(0)
    const [line] = JSON.parse((await project.cairn('--json', 'runs', 'months', '-n', '1')).stdout) as [
      { computed: number; reused: number },
    ]
    return [JSON.parse(steps['load']!.outputs!['names']!.text!), [line.computed, line.reused]]
  }
  // Of the tasks, one is the source.
  expect(await run()).toEqual([
    ['data/2026-01.csv', 'data/2026-02.csv'],
    [3, 0],
  ])
  expect((await run())[1]).toEqual([0, 3])
  project.write({ 'data/2026-03.csv': 'n\n7\n', 'data/2026-02.csv': 'n\n6\n' })
  expect(await run()).toEqual([
    ['data/2026-01.csv', 'data/2026-02.csv', 'data/2026-03.csv'],
    [3, 1],
  ])
  rmSync(project.path('data/2026-01.csv'))
  expect((await run())[1]).toEqual([1, 2])
  const totals = ['#0', '#1'].map((item) => project.cairn('cat', `months/latest/sum/${item}/total`, '--raw'))
  expect((await Promise.all(totals)).map(({ stdout }) => stdout)).toEqual(['6', '7'])
  expect(readFileSync(project.path('data/2026-02.csv'), 'utf8')).toBe('n\n6\n') // it is copied, never moved
})

it('says so if no file matches the pattern', async () => {
  const project = new CliProject({ 'months.pipeline.ts': MONTHS })
  const { stdout, stderr } = await project.cairn('run', 'months')
  expect(stderr + stdout).toContain('no file matches data/2026-*.csv in ')
})
