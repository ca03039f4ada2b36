import { beforeAll, describe, expect, it } from 'vitest'
import { CliProject, exit, printed, type RunSummary, how } from './project.fixture.ts'

const HEAD = `import { each, list, pipeline, step } from '@cairn/kernel'
import { json, metrics, sql, table } from '@cairn/kinds'
import { z } from 'zod'
`
const project = new CliProject({
  'small.pipeline.ts': `${HEAD}
export const Flights = table({ id: 'int32', delay: 'int32' })
export const Score = json<number>()
export const load = step('load', {
  outputs: { flights: Flights, airports: list(Score) },
  run: () => ({ flights: Array.from({ length: 100 }, (_, id) => ({ id, delay: id % 5 })), airports: [1, 2, 3, 4] }),
})
export const features = step('features', {
  inputs: { flights: Flights },
  outputs: { features: Flights },
  run: ({ flights }) => ({ features: sql\`select * from \${flights}\` }),
})
export const train = step('train', {
  inputs: { features: Flights },
  params: z.object({ trees: z.number().default(10) }),
  outputs: { model: Score },
  run: async ({ features }, { trees }) => ({ model: trees * (await features.count()) }),
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
export const small = pipeline('small', () => {
  const { flights, airports } = load({})
  const { features: made } = features({ flights })
  const { model } = train({ features: made })
  const { score: scores } = each(airports, (airport) => score({ airport, model }))
  return evaluate({ model, scores })
})
`,
  'half.ts': `${HEAD}
const Flights = table({ id: 'int32', delay: 'int32' })
export const half = step('half', {
  inputs: { flights: Flights },
  outputs: { features: Flights },
  run: ({ flights }) => ({ features: sql\`select * from \${flights} where id % 2 = 0\` }),
})
export const wrong = step('wrong', { outputs: { features: json<string>() }, run: () => ({ features: '' }) })
`,
})
interface Played extends RunSummary {
  readonly base: string
  readonly playground: string
  readonly differences: readonly { readonly what: string; readonly name: string; readonly after: string }[]
  readonly changes: readonly { readonly what: string; readonly name: string; readonly after: string }[]
}
const play = async (...args: string[]): Promise<Played> => {
  const { code, stdout, stderr } = await project.cairn('--json', 'play', 'small', ...args)
  expect(stderr.replaceAll(/^! .*\n/gm, '')).toBe('')
  expect(code).toBe(0)
  return JSON.parse(stdout) as Played
}
const text = async (...args: string[]) => (await project.cairn('play', 'small', '--progress', 'none', ...args)).stdout
let production: RunSummary
beforeAll(async () => {
  production = await project.run('small')
})

describe('cairn play', () => {
  it('runs the steps that a parameter affects, in a playground, and shows what changed', async () => {
    const before = project.stored('local').length
    const played = await play('--set', 'train.trees=20')
    expect([played.base, played.playground]).toEqual([production.run, 'scratch'])
    expect(how(played)).toMatchObject({ load: 'reused', features: 'reused', train: 'computed', evaluate: 'computed' })
    expect(played.changes).toContainEqual({ what: 'parameter', name: 'train.trees', before: '10', after: '20' })
    expect(played.changes).toContainEqual(expect.objectContaining({ what: 'metric', name: 'evaluate.auc' }))
    expect(project.stored('local')).toHaveLength(before)
    expect((await project.cairn('runs', 'small')).stdout).not.toContain(played.run)
    expect((await project.cairn('runs', 'small', '--playground', 'scratch')).stdout).toContain(played.run)
    expect((await project.cairn('cat', `small/${played.run}/train/model`, '--playground', 'scratch')).stdout).toContain(
      '2000',
    )
  })

  it('only plans with --plan', async () => {
    const told = await text('--set', 'train.trees=30', '--plan')
    expect(told).toContain(`from ${production.run}, in playground scratch`)
    expect(told).toMatch(/train +run .*params\.trees 10 -> 30/)
    expect(told).toMatch(/features +reuse/)
  })

  it('swaps a step by a file, and refuses one of another kind with both schemas', async () => {
    const played = await play('--swap', 'features=./half.ts#half', '--until', 'train')
    expect(how(played)).toEqual({ load: 'reused', features: 'computed', train: 'computed' })
    expect(played.steps['train']!.outputs!['model']!.text).toBe('500')
    expect(played.changes).toContainEqual(expect.objectContaining({ what: 'code', name: 'features' }))
    const { code, stderr } = await project.cairn('play', 'small', '--swap', 'features=./half.ts#wrong')
    expect(code).toBe(1)
    expect(stderr).toContain('it returns json true as "features", but features returns table {"columns":')
    const several = await project.cairn('play', 'small', '--swap', 'features=./half.ts')
    expect(several.stderr).toMatch(/half\.ts exports 2 steps[^]*--swap features=\.\/half\.ts#half/)
  })

  it('runs from the middle to the middle', async () => {
    const played = await play('--only', 'train', '--set', 'train.trees=40')
    expect(how(played)).toEqual({ train: 'computed' })
  })

  it('continues with some rows or items, and says that such a run can never be promoted', async () => {
    const sampled = await project.cairn(
      'play',
      'small',
      '--sample',
      'features=10%',
      '--until',
      'train',
      '--progress',
      'plain',
    )
    expect(sampled.stderr).toContain('! features.features is cut to 10 of 100 rows: this run can never be promoted')
    expect(sampled.stdout).toContain('train')
    expect(await text('--sample', 'features=10%', '--plan')).toMatch(/features +given +features cut to 10 of 100 rows/)
    const some = await play('--items', 'score=2')
    expect(JSON.parse(some.steps['evaluate']!.outputs!['metrics']!.text!)).toMatchObject({ airports: 2 })
  })

  it('runs a matrix and prints the leaderboard', async () => {
    const board = await text('--matrix', 'train.trees=1,2,3', '--by', 'auc')
    const [, title, ...rows] = board.trim().split('\n').filter(Boolean)
    expect(title).toMatch(/train\.trees +evaluate\.auc +evaluate\.airports +run/)
    expect(rows.map((row) => row.trim().split(/ +/).slice(0, 2))).toEqual([
      ['1', '3'],
      ['2', '2'],
      ['3', '1'],
    ])
  })

  it('names code that has changed since the run before it starts', async () => {
    project.edit('small.pipeline.ts', 'trees * (await', '2 * trees * (await')
    const told = await text('--plan')
    project.edit('small.pipeline.ts', '2 * trees * (await', 'trees * (await')
    expect(told).toMatch(/the code has changed since that run:\n[^]*code +train +.*train/)
  })

  it('runs with the code of the run, however the pipeline has changed since', async () => {
    const edits = [
      ['trees * (await', '3 * trees * (await'],
      ['score: airport * model', 'score: airport + model'],
      [
        'export const small = pipeline',
        "export const extra = step('extra', { inputs: { model: Score }, outputs: { model: Score }, run: ({ model }) => ({ model }) })\nexport const small = pipeline",
      ],
      ['const { model } = train({ features: made })', 'const { model } = extra(train({ features: made }))'],
    ] as const
    for (const [before, after] of edits) project.edit('small.pipeline.ts', before, after)
    const today = await play('--set', 'train.trees=70', '--until', 'train')
    expect(today.differences.map(({ what, name }) => `${what} ${name}`)).toEqual(
      expect.arrayContaining(['code train', 'code score', 'step extra']),
    )
    expect(today.steps['train']!.outputs!['model']!.text).toBe('21000')

    const then = await play('--set', 'train.trees=70', '--at-run-code')
    expect(then.differences).toEqual([])
    expect(how(then)).toMatchObject({ load: 'reused', features: 'reused', train: 'computed', evaluate: 'computed' })
    expect(then.steps['train']!.outputs!['model']!.text).toBe('7000')
    expect(then.steps).not.toHaveProperty('extra')
    const swapped = await play('--swap', 'features=./half.ts#half', '--at-run-code', '--set', 'train.trees=80')
    expect(swapped.steps['train']!.outputs!['model']!.text).toBe('4000')
    const cut = await play('--items', 'score=1', '--at-run-code')
    expect(JSON.parse(cut.steps['evaluate']!.outputs!['metrics']!.text!)).toMatchObject({ airports: 1 })
    const { stderr } = await project.cairn('play', 'small', '--at-run-code', '--set', 'train.tres=1')
    expect(stderr).toContain('train has no parameter "tres"')
    for (const [before, after] of edits.toReversed()) project.edit('small.pipeline.ts', after, before)
  })

  it.each([
    [['--swap', 'features'], '--swap features is incomplete', '--swap extract-features=./with-weather.ts'],
    [
      ['--swap', 'features=./no.ts'],
      './no.ts, the replacement of features, cannot be read: it does not exist',
      '--swap features=./steps.ts',
    ],
    [['--sample', 'features=many'], '"many" must be a row count or a percentage', '10000 or 1%'],
    [['--sample', 'load=10'], 'load has several outputs', 'load/flights, load/airports'],
    [['--sample', 'train=10'], 'train.model is of kind json, which cannot be sampled', 'select items'],
    [['--items', 'train=10'], 'train is not an each and not inside one', 'cairn graph small'],
    [['--set', 'train.tres=1'], 'train has no parameter "tres"', 'did you mean "trees"?'],
    [['--base', 'nothing'], 'run "nothing" does not exist', 'cairn runs'],
    [['--playground', 'Not Good'], '"Not Good" is not a valid playground name', 'lower-case letters'],
    [['--matrix', 'train.trees=1,2', '--by', 'f1'], 'some variants have no metric "f1"', ''],
  ])('refuses %j and says what is wrong and what to do', async (args, message, next) => {
    const { code, stderr } = await project.cairn('play', 'small', ...args)
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining(message)])
    expect(stderr).toContain(next)
  })
})

describe('cairn play --watch', () => {
  it('repeats the run when code is saved, and stops cleanly', async () => {
    project.write({ 'watched.ts': project.read('half.ts') })
    const watching = project.start(
      'play',
      'small',
      '--swap',
      'features=./watched.ts#half',
      '--until',
      'train',
      '--watch',
      '--progress',
      'none',
    )
    const next = async (model: string, text: string) => {
      const shown = printed(watching, 'waiting for code to be saved')
      const seen = printed(watching, text)
      if (model) project.edit('watched.ts', ...(model.split(' -> ') as [string, string]))
      await Promise.all([seen, shown])
    }
    await next('', 'completed')
    await next('id % 2 = 0 -> id % 4 = 0', '25 rows')
    await next('id % 4 = 0 -> id %% nonsense', 'failed')
    await next('id %% nonsense -> id % 10 = 0', '10 rows')
    watching.kill('SIGTERM')
    expect(await exit(watching)).toBe(0)
  })
})

describe('cairn playgrounds', () => {
  it('lists playgrounds with the runs that are kept for them, and deletes one', async () => {
    const played = await play('--playground', 'weather', '--set', 'train.trees=50')
    expect((await project.cairn('playgrounds')).stdout).toMatch(
      new RegExp(`weather +20.* small/${production.run} \\(kept until 20`),
    )
    const again = await play('--playground', 'weather', '--set', 'train.trees=50')
    expect(new Set(Object.values(how(again)))).toEqual(new Set(['reused', 'joined']))
    const further = await play('--playground', 'weather', '--base', played.run, '--set', 'train.trees=60')
    expect([further.base, how(further)['train']]).toEqual([played.run, 'computed'])

    await project.cairn('gc', '--keep-runs', '0', '--keep', '0s', '--grace', '0s')
    expect((await project.cairn('runs', 'small')).stdout).toContain(production.run)
    expect((await project.cairn('playgrounds', '--delete', 'weather')).stdout).toContain('deleted weather')
    expect((await project.cairn('runs', '--playground', 'weather')).stderr).toContain(
      'playground "weather" does not exist',
    )
  })
})
