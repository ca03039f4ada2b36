import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CliProject, exit, how, printed } from './project.fixture.ts'

const PIPELINE = `import { pipeline, step } from '@cairn/kernel'
import { metrics } from '@cairn/kinds'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
export const score = step('score', {
  params: z.object({ extra: z.boolean().default(false), level: z.number().default(1) }),
  outputs: { values: metrics() },
  run: (_, { extra, level }) => ({ values: extra ? { level, extra: 5 } : { level, plain: 3 } }),
})
export const wait = step('wait', {
  params: z.object({ until: z.string().default('') }),
  inputs: { values: metrics() },
  outputs: { out: metrics() },
  cache: 'never',
  acknowledge: ['files', 'clock'],
  run: async (_, { until }) => {
    console.log('waiting')
    while (until !== '' && !existsSync(until)) await sleep(20)
    return { out: { done: 1 } }
  },
})
export const scores = pipeline('scores', () => wait({ values: score({}).values }))
`

describe('information about runs', () => {
  it('names metrics that only one of two runs has', async () => {
    const project = new CliProject({ 'scores.pipeline.ts': PIPELINE })
    const one = await project.run('scores')
    const two = await project.run('scores', '--set', 'score.extra=true')
    const compared = await project.cairn('--json', 'diff', `scores/${one.run}`, `scores/${two.run}`)
    const metrics = (JSON.parse(compared.stdout) as { what: string; name: string; before: string; after: string }[])
      .filter(({ what }) => what === 'metric')
      .map(({ name, before, after }) => [name, before, after])
    expect(metrics).toEqual([
      ['score.extra', 'none', '5'],
      ['score.plain', '3', 'none'],
    ])
    const played = await project.cairn('play', 'scores', '--base', one.run, '--set', 'score.extra=true')
    expect(played.stdout).toMatch(/metric +score\.extra +none +5/)
    expect(played.stdout).toMatch(/metric +score\.plain +3 +none/)
    const until = await project.cairn('play', 'scores', '--base', one.run, '--set', 'score.level=2', '--until', 'score')
    expect(until.stdout).toMatch(/metric +score\.level +1 +2/)
    expect(until.stdout).not.toMatch(/metric +wait/)
  })

  it('shows a run in progress as running and keeps it when collecting; shows a run whose process died as interrupted', async () => {
    const project = new CliProject({ 'scores.pipeline.ts': PIPELINE })
    const going = project.start('run', 'scores', '--set', `wait.until=${project.path('go')}`, '--progress', 'plain')
    await printed(going, 'waiting')
    const [name] = project
      .stored('local/scores/runs')
      .map((file) => file.split('/')[1] ?? '')
      .filter(Boolean) as [string]
    for (const level of [2, 3]) await project.run('scores', '--set', `score.level=${level}`)

    const status = async () => {
      const shown = JSON.parse((await project.cairn('--json', 'show', `scores/${name}`)).stdout) as { status: string }
      const listed = JSON.parse((await project.cairn('--json', 'runs')).stdout) as { run: string; status: string }[]
      return [shown.status, listed.find(({ run }) => run === name)?.status]
    }
    expect(await status()).toEqual(['running', 'running'])
    const collect = ['gc', '--keep-runs', '1', '--keep', '1ms', '--grace', '1ms']
    expect((await project.cairn(...collect)).code).toBe(0)
    expect(await status()).toEqual(['running', 'running'])
    expect((await project.cairn('doctor')).code).toBe(0)
    project.write({ go: '' })
    expect(await exit(going)).toBe(0)
    expect(await status()).toEqual(['completed', 'completed'])

    rmSync(project.path('go'))
    const dying = project.start('run', 'scores', '--set', `wait.until=${project.path('go')}`, '--progress', 'plain')
    await printed(dying, 'waiting')
    dying.kill('SIGKILL')
    await exit(dying)
    const runs = JSON.parse((await project.cairn('--json', 'runs')).stdout) as { run: string; status: string }[]
    expect(runs[0]!.status).toBe('interrupted')
    const shown = await project.cairn('show', `scores/${runs[0]!.run}`)
    expect(shown.stdout).toContain('interrupted')
    expect(shown.stdout).not.toContain('cancelled')
    rmSync(project.path('.cairn/local/scores/runs', runs[0]!.run, 'plan'))
    const doctor = await project.cairn('doctor')
    expect(doctor.stdout).toContain(`run ${runs[0]!.run} has no plan`)
    expect(doctor.code).toBe(1)
    await project.run('scores')
    expect((await project.cairn(...collect)).code).toBe(0)
    expect((await project.cairn('doctor')).stdout).not.toContain('has no plan')
  })

  it('protects the run in progress in a playground from gc, and from the deletion of the playground', async () => {
    const project = new CliProject({ 'scores.pipeline.ts': PIPELINE })
    await project.run('scores')
    await project.run('scores', '--set', 'score.level=2')
    const going = project.start('play', 'scores', '--set', `wait.until=${project.path('go')}`, '--progress', 'plain')
    await printed(going, 'waiting')
    const deleted = await project.cairn('playgrounds', '--delete', 'scratch')
    expect([deleted.code, deleted.stderr]).toEqual([1, expect.stringMatching(/scratch has scores\/\S+ in progress/)])
    for (const level of [3, 4]) await project.cairn('play', 'scores', '--set', `score.level=${level}`)
    const there = ['--playground', 'scratch']
    const collect = ['--json', 'gc', '--keep-runs', '0', '--keep', '1ms', '--grace', '1ms', ...there]
    const { pipelines } = JSON.parse((await project.cairn(...collect)).stdout) as {
      pipelines: { scores: { runs: string[] } }
    }
    expect(pipelines.scores.runs).toHaveLength(2) // neither the one at work nor production's
    project.write({ go: '' })
    expect(await exit(going)).toBe(0)
    expect((await project.cairn('doctor', ...there)).code).toBe(0)
    const { stdout } = await project.cairn('playgrounds', '--delete', 'scratch')
    expect(stdout).toContain('deleted scratch')
  })
})

describe('two things with the same name are never confused', () => {
  it('refuses two pipelines with the same name and names both files, but accepts one pipeline exported by two modules', async () => {
    const project = new CliProject({
      'scores.pipeline.ts': PIPELINE,
      'all.pipeline.ts': `export * from './scores.pipeline.ts'\n`,
    })
    expect((await project.run('scores')).code).toBe(0)
    project.write({ 'zz.pipeline.ts': PIPELINE.replace('level: 1', 'level: 9') })
    for (const args of [['run', 'scores'], ['plan'], ['why', 'scores'], ['graph', 'scores'], ['play', 'scores']]) {
      const { code, stderr } = await project.cairn(...args)
      expect([code, stderr]).toEqual([1, expect.stringContaining('two pipelines are named "scores"')])
      expect(stderr).toContain('scores.pipeline.ts')
      expect(stderr).toContain('zz.pipeline.ts')
    }
  })

  it('refuses two files for one step, two values for one parameter, and two steps of one name', async () => {
    const project = new CliProject({ 'scores.pipeline.ts': PIPELINE })
    await project.run('scores')
    const swap = PIPELINE.replace(/export const scores.*\n/, '')
    project.write({ 'one.ts': swap, 'two.ts': swap.replace('level, plain: 3', 'level, plain: 4') })
    const twice = await project.cairn('play', 'scores', '--swap', 'score=one.ts', '--swap', 'score=two.ts')
    expect(twice.stderr).toContain('--swap gives score twice: score=one.ts and score=two.ts')
    const set = await project.cairn('run', 'scores', '--set', 'score.level=1', '--set', 'score.level=2')
    expect(set.stderr).toContain('--set gives score.level twice: score.level=1 and score.level=2')
    project.write({ 'both.ts': `export { score as a } from './one.ts'\nexport { score as b } from './two.ts'\n` })
    const both = await project.cairn('play', 'scores', '--swap', 'score=both.ts')
    expect(both.stderr).toContain('exports 2 steps named "score"')
    project.edit('scores.pipeline.ts', "step('wait'", "step('score'")
    const same = await project.cairn('run', 'scores')
    expect(same.stderr).toContain('two different steps of the pipeline are named "score"')
  })
})

describe('a checkpoint whose record was altered', () => {
  it.each([
    ['with another value', { values: { text: '{"level":9,"plain":9}' } }],
    ['without one of its outputs', { values: undefined }],
  ])('%s is recomputed and replaced', async (_, change) => {
    const project = new CliProject({ 'scores.pipeline.ts': PIPELINE })
    await project.run('scores')
    const [path] = project
      .stored('local/scores/checkpoints/score')
      .map((file) => `.cairn/local/scores/checkpoints/score/${file}`) as [string]
    const {
      check: _check,
      outputs,
      ...record
    } = JSON.parse(project.read(path)) as Record<string, Record<string, object>>
    const altered = Object.entries(change).map(([name, part]) => [name, part && { ...outputs![name], ...part }])
    project.write({ [path]: JSON.stringify({ ...record, outputs: Object.fromEntries(altered) as object }) })

    const planned = await project.cairn('plan', 'scores')
    expect(planned.stdout).toContain('its checkpoint was damaged or modified')
    expect(how(await project.run('scores'))).toMatchObject({ score: 'computed' })
    expect((await project.cairn('cat', 'scores/latest/score/values')).stdout).toMatch(/plain\W+3/)
    expect(how(await project.run('scores'))).toMatchObject({ score: 'reused' })
    expect((await project.cairn('doctor')).code).toBe(0)
  })
})

describe('a run whose records are damaged', () => {
  it('is named by every command and does not affect others; doctor --repair moves it to quarantine', async () => {
    const project = new CliProject({ 'scores.pipeline.ts': PIPELINE })
    const { run } = await project.run('scores')
    const own = `.cairn/local/scores/runs/${run}`
    const plan = JSON.parse(project.read(`${own}/plan`)) as { nodes: object; check?: string }
    delete plan.check
    const end = { v: 1, status: 'completed', endedAt: 1, host: 'h' }
    const runs = '.cairn/local/scores/runs'
    const bad = {
      '99990101-000000-aaaaa': { plan: { v: 1, env: 'local', pipeline: 'scores' }, end },
      '99990101-000000-bbbbb': { plan: { ...plan, run: '99990101-000000-bbbbb', nodes: { score: 7 } }, end },
      '99990101-000000-ccccc': { plan: { ...plan, run: '99990101-000000-ccccc' }, end: { v: 1, status: {} } },
      '99990101-000000-ddddd': { plan, end },
      '99990101-000000-eeeee': { plan: { v: 7 }, end },
    }
    for (const [name, records] of Object.entries(bad))
      for (const [file, record] of Object.entries(records))
        project.write({ [`${runs}/${name}/${file}`]: JSON.stringify(record) })

    const listed = await project.cairn('runs')
    expect(listed.code, listed.stderr).toBe(0)
    expect(listed.stdout).toContain(`scores/${run}`)
    for (const name of Object.keys(bad)) expect(listed.stdout).toMatch(new RegExp(`${name} +unreadable`))
    expect(listed.stdout).toContain('its run is missing')
    expect(listed.stdout).toContain('its nodes.score must be an object')
    expect(listed.stdout).toContain(`it belongs to another run: ${run}`)
    for (const command of [
      ['show', 'scores'],
      ['logs', 'scores'],
      ['cancel', 'scores'],
      ['diff', 'scores'],
    ])
      for (const name of Object.keys(bad)) {
        const [what, pipeline] = command as [string, string]
        const { code, stderr } = await project.cairn(what, `${pipeline}/${name}`)
        expect([what, name, code]).toEqual([what, name, 1])
        expect(stderr).not.toMatch(/TypeError|undefined/)
      }
    expect((await project.cairn('show', `scores/${run}`)).code).toBe(0)
    expect((await project.run('scores')).code).toBe(0)

    expect((await project.cairn('doctor')).code).toBe(1)
    const repaired = await project.cairn('doctor', '--repair')
    expect(repaired.stdout.match(/moved to quarantine/g)).toHaveLength(4)
    expect(repaired.stdout).toContain('none: update Cairn')
    expect((await project.cairn('runs')).stdout.match(/unreadable/g)).toHaveLength(1)
    expect(project.stored('local/scores/quarantine').filter((file) => file.endsWith('/plan'))).toHaveLength(3)
  })
})
