import { expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const project = new CliProject({
  'out.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { file, json, table } from '@cairn/kinds'
import { z } from 'zod'
export const make = step('make', {
  params: z.object({ n: z.number().default(1) }),
  outputs: { page: file('html'), package: json(), rows: table({ n: 'int32' }) },
  run: (_, { n }) => ({ page: { text: 'page ' + n }, package: { n }, rows: [{ n }] }),
})
export const out = pipeline('out', () => make({}))
`,
  'mine/page.html': 'mine',
})
const run = async (...args: string[]) => project.cairn('run', '--progress', 'none', '--out', ...args)
const cat = async (...args: string[]) => project.cairn('cat', ...args)

it('overwrites only files that it has written', async () => {
  const before = project.read('package.json')
  const atRoot = await run('.')
  expect([atRoot.code, atRoot.stderr]).toEqual([
    1,
    expect.stringContaining('package.json already exists and was not written by a run of out'),
  ])
  const foreign = await run('mine')
  expect([foreign.code, foreign.stderr]).toEqual([1, expect.stringContaining('mine/page.html already exists')])
  expect([project.read('package.json'), project.read('mine/page.html')]).toEqual([before, 'mine'])
  expect((await project.cairn('runs')).stdout, 'nothing was computed before').toContain('no runs')

  for (const n of [1, 2, 1]) {
    const { code, stderr } = await run('results', '--set', `make.n=${n}`)
    expect([code, stderr]).toEqual([0, ''])
    expect(project.read('results/page.html')).toBe(`page ${n}`)
    expect(project.read('results/package.json')).toBe(`{"n":${n}}`)
  }
  project.write({ 'results/page.html': 'edited by hand' })
  expect((await run('results')).stderr).toContain('results/page.html already exists')
  expect(project.read('results/page.html')).toBe('edited by hand')
})

it('writes a file only with the extension of its content', async () => {
  const refused = await cat('out/latest/make/rows', '--out', 'rows.csv')
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(
    /is written as \.parquet, but rows\.csv ends in \.csv\nnext +cairn cat \S+ --out rows\.parquet/,
  )
  for (const _ of ['first', 'again'])
    expect(await cat('out/latest/make/rows', '--out', 'rows.parquet')).toMatchObject({
      code: 0,
      stdout: 'rows.parquet\n',
    })
  expect(project.read('rows.parquet').slice(0, 4)).toBe('PAR1')
  expect((await cat('out/latest/make/package', '--out', 'package.json')).stderr).toContain('already exists')
  expect((await cat('out/latest/make/page', '--out', 'out.pipeline.ts')).stderr).toContain('ends in .ts')
  expect((await cat('out/latest/make/page', '--out', 'mine/page.html')).stderr).toContain('already exists')
})
